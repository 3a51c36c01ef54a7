"""Logs: what the ABI says can come, and what really came."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain import event_json
from keeper.domain.venue import Venue
from keeper.errors import DecodeError
from tests.contract.contract_abi import ContractAbi
from tests.contract.recording import Recording


def test_every_contract_it_listens_to_has_an_abi(venue: Venue, abis: Sequence[ContractAbi]) -> None:
    """And asks for no topic that the contract's ABI lacks."""
    by_address = {abi.address: abi for abi in abis}
    for log_filter in venue.filters():
        for address in log_filter.addresses:
            assert set(log_filter.topics) <= by_address[address].events.keys()
    assert by_address.keys() == {address for log_filter in venue.filters() for address in log_filter.addresses}


@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_every_event_of_the_abi_is_known(venue: Venue, abis: Sequence[ContractAbi], draw: st.DataObject) -> None:
    """Whatever its arguments: as an event of the venue's, or as one without effect."""
    for abi in abis:
        assert abi.events
        for entry in abi.events.values():
            event = venue.decode(draw.draw(abi.logs(entry)))
            assert event is None or type(event) in venue.event_types


@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_topics_of_real_logs_are_the_abis(venue: Venue, abis: Sequence[ContractAbi], recording: Recording, draw: st.DataObject) -> None:
    """What was recorded the ABI has, at the same address; and what the ABI has was recorded, if it has an effect."""
    events = {f"{abi.name}.{entry['name']}": (abi, entry) for abi in abis for entry in abi.events.values()}
    assert recording.logs.keys() <= events.keys()
    for name, log in recording.logs.items():
        abi, entry = events[name]
        assert (log.address, abi.events.get(log.topics[0])) == (abi.address, entry)
    for name in events.keys() - recording.logs.keys():
        abi, entry = events[name]
        assert venue.decode(draw.draw(abi.logs(entry))) is None


def test_it_decodes_a_real_log_of_every_event(venue: Venue, recording: Recording) -> None:
    """Each log comes from a contract the filters ask for, and its event survives the lake."""
    addresses = {address for log_filter in venue.filters() for address in log_filter.addresses}
    assert recording.logs
    for log in recording.logs.values():
        event = venue.decode(log)
        assert log.address in addresses
        assert type(event) in venue.event_types
        assert event_json.load(venue.event_types, type(event).__name__, event_json.dump(event)) == event


def test_a_log_it_claims_but_cannot_read_is_an_error(venue: Venue, recording: Recording) -> None:
    """More than the event has: the book would be a guess from here on."""
    for log in recording.logs.values():
        with pytest.raises(DecodeError):
            venue.decode(replace(log, data=log.data + b"\0"))


def test_an_unknown_event_of_a_contract_whose_logs_are_all_asked_for_is_an_error(venue: Venue, recording: Recording) -> None:
    """The contract was changed."""
    whole = {address for log_filter in venue.filters() for address in log_filter.addresses if not log_filter.topics}
    logs = [log for log in recording.logs.values() if log.address in whole]
    assert logs
    for log in logs:
        with pytest.raises(DecodeError):
            venue.decode(replace(log, topics=(b"\7" * 32, *log.topics[1:])))
