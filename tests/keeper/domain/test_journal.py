"""What a rollback leaves is what was there before."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.journal import Journal, Moment, VenueBook

Writes = list[tuple[str, int | None]]
_writes = st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 9))), max_size=12)


def _write(journal: Journal[str, int], writes: Writes) -> None:
    for key, value in writes:
        if value is not None:
            journal[key] = value
        else:
            journal.pop(key, None)


@given(_writes, st.lists(_writes, min_size=1, max_size=6), st.data())
def test_rollback_restores_any_earlier_block(before: Writes, blocks: list[Writes], data: st.DataObject) -> None:
    """And names every key that changed back."""
    journal: Journal[str, int] = Journal()
    _write(journal, before)
    states = [dict(journal)]
    for number, writes in enumerate(blocks, start=1):
        journal.open_block(number)
        _write(journal, writes)
        states.append(dict(journal))
    ancestor = data.draw(st.integers(0, len(blocks)))
    latest = dict(journal)
    changed = journal.rollback(ancestor)
    assert dict(journal) == states[ancestor]
    assert {key for key in "abcd" if latest.get(key) != states[ancestor].get(key)} <= changed


@given(st.lists(_writes, min_size=2, max_size=6), st.data())
def test_finality_forgets_only_what_is_final(blocks: list[Writes], data: st.DataObject) -> None:
    """Rolling back to the final block gives the state after it, whatever was asked below it."""
    journal: Journal[str, int] = Journal()
    states = []
    for number, writes in enumerate(blocks):
        journal.open_block(number)
        _write(journal, writes)
        states.append(dict(journal))
    final = data.draw(st.integers(0, len(blocks) - 1))
    journal.finalise(final)
    journal.rollback(-1)
    assert dict(journal) == states[final]


def test_blocks_only_go_up() -> None:
    """A block opened twice would hide a missed rollback."""
    journal: Journal[str, int] = Journal()
    journal.open_block(5)
    with pytest.raises(ValueError, match="block 5 opened after block 5"):
        journal.open_block(5)


def test_deleting_what_is_not_there_is_an_error() -> None:
    """As in a dictionary."""
    with pytest.raises(KeyError):
        del Journal[str, int]()["a"]


def _book() -> VenueBook[int, int, int, int]:
    book: VenueBook[int, int, int, int] = VenueBook()
    book.open_block(1, Timestamp(100))
    book.accounts[AccountKey("a")] = 1
    book.markets["ETH"] = 1
    book.globals["fee"] = 1
    book.reads[Timestamp(100)] = 1
    return book


def _contents(book: VenueBook[int, int, int, int]) -> object:
    return copy.deepcopy((dict(book.accounts), dict(book.markets), dict(book.globals), dict(book.reads), book.moment))


def test_a_book_is_undone_as_a_whole() -> None:
    """All journals and the moment go back together."""
    book = _book()
    before = _contents(book)
    book.open_block(2, Timestamp(112))
    book.accounts[AccountKey("b")] = 2
    book.markets["ETH"] = 2
    book.reads[Timestamp(112)] = 2
    assert book.moment == Moment(2, Timestamp(112))
    assert book.rollback(1) == {"b"}
    assert _contents(book) == before


def test_a_global_that_changed_back_concerns_everybody() -> None:
    """Reads alone concern nobody: boxes are drawn over them."""
    book = _book()
    book.open_block(2, Timestamp(112))
    book.reads[Timestamp(112)] = 2
    assert book.rollback(1) == set()
    book.open_block(2, Timestamp(112))
    book.globals["fee"] = 2
    assert book.rollback(1) == {"a"}


def test_a_final_block_stays() -> None:
    """The moment of the final block survives too."""
    book = _book()
    book.finalise(1)
    assert book.rollback(0) == set()
    assert book.moment == Moment(1, Timestamp(100))
    assert book.account_keys() == {"a"}
