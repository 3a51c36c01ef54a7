"""What every venue must keep, whichever it is, without anything it brings but working options."""

import dataclasses
from typing import get_args, get_origin, get_type_hints

import pytest

from keeper.domain.chain import Address, Hash32, RawLog, Timestamp
from keeper.domain.options import OptionError, build, doc_of
from keeper.domain.venue import Event, Venue
from keeper.venues import protocols
from tests.contract.proof import Proof


def test_it_bears_the_name_it_is_registered_under(name: str, venue: Venue) -> None:
    """The protocol's, by which settings choose it."""
    assert venue.name == name


def test_wrong_options_are_named(name: str, proof: Proof) -> None:
    """Every missing key, any unknown one; and each says what it means."""
    kind = protocols()[name].options
    for key in proof.options:
        with pytest.raises(OptionError, match="missing") as error:
            build(kind, {other: value for other, value in proof.options.items() if other != key})
        assert error.value.key == key
    with pytest.raises(OptionError, match="unknown"):
        build(kind, {**proof.options, "no_such_option": "1"})
    assert all(doc_of(item) for item in dataclasses.fields(kind))


def test_events_are_flat_frozen_dataclasses(venue: Venue) -> None:
    """So that the lake keeps them as text and gives them back unchanged."""
    names = [kind.__name__ for kind in venue.event_types]
    assert len(names) == len(set(names))
    for kind in venue.event_types:
        assert issubclass(kind, Event)
        params = getattr(kind, "__dataclass_params__", None)
        assert params is not None
        assert params.frozen
        for hint in get_type_hints(kind).values():
            assert hint in (int, str, bool) or (get_origin(hint) is tuple and get_args(hint) == (int, ...))


def test_a_strangers_log_is_nothing(venue: Venue) -> None:
    """Filters may be coarse; decode is not."""
    log = RawLog(Address("0x" + "12" * 20), (b"\1" * 32,), b"", 1, Hash32("0x" + "0" * 64), Hash32("0x" + "0" * 64), 0)
    assert venue.decode(log) is None


def test_a_new_book_is_empty_and_can_be_undone(venue: Venue) -> None:
    """Blocks open, roll back and become final without an event."""
    book = venue.new_book()
    book.open_block(1, Timestamp(10))
    book.open_block(2, Timestamp(20))
    assert book.rollback(1) == set()
    book.finalise(1)
    assert book.account_keys() == set()


def test_questions_ask_before_they_answer(venue: Venue) -> None:
    """A snapshot is a generator of batches of calls to contracts, with no work done before the first."""
    calls = next(venue.snapshot())
    assert calls
    assert all(len(call.to) == 42 and call.to == call.to.lower() and len(call.data) >= 4 for call in calls)


def test_no_keys_no_questions(venue: Venue) -> None:
    """Asking about nobody costs nothing."""
    book = venue.new_book()
    book.open_block(1, Timestamp(10))
    for reads in (venue.inspect([], book, Timestamp(10)), venue.resync([], book), venue.chain_views([]), venue.describe(book)):
        with pytest.raises(StopIteration) as done:
            next(reads)
        assert list(done.value.value) == []


def test_every_payload_has_a_name(venue: Venue) -> None:
    """Also nothing at all, and nonsense."""
    for data in (b"", b"\1", b"\1\2\3\4", bytes(100)):
        assert venue.revert_reason(data)
