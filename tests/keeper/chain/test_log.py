"""One question for all filters, and logs as the domain wants them."""

from collections.abc import Sequence
from typing import Any

import pytest

from keeper.chain.log import LogSelection, parse_log
from keeper.domain.chain import Address, Hash32, LogFilter, RawLog
from keeper.errors import BlockUnknown
from tests.keeper.chain.simulated import log_json

A, B, C = (Address("0x" + digit * 40) for digit in "abc")
T1, T2, T3 = (bytes(31) + bytes([number]) for number in (1, 2, 3))
HASH = Hash32("0x" + "cd" * 32)


def _log(address: Address, topics: Sequence[bytes], number: int = 5, index: int = 0) -> RawLog:
    return RawLog(address, tuple(topics), b"\x01\x02", number, HASH, HASH, index)


def test_a_log_keeps_everything_and_spells_hex_in_lower_case() -> None:
    """Checksummed addresses and upper-case hashes occur."""
    raw = log_json(_log(A, [T1, T2]))
    raw["address"] = "0x" + "A" * 40
    raw["blockHash"] = "0x" + "CD" * 32
    assert parse_log(raw) == _log(A, [T1, T2])


def test_a_log_without_topics_or_data() -> None:
    """LOG0 exists."""
    raw = {**log_json(_log(A, [])), "data": "0x"}
    assert (parse_log(raw).topics, parse_log(raw).data) == ((), b"")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("removed", True),
        ("address", "0x12"),
        ("blockHash", "0x12"),
        ("transactionHash", None),
        ("data", "0xzz"),
        ("data", "0x123"),
        ("topics", None),
        ("logIndex", "x"),
        ("blockNumber", None),
    ],
)
def test_malformed_logs_are_refused(key: str, value: Any) -> None:
    """A log is complete or it is nothing: a pending one has no block."""
    with pytest.raises((ValueError, TypeError)):
        parse_log({**log_json(_log(A, [T1])), key: value})


def test_filters_become_one_question() -> None:
    """The union of addresses and, when every filter has them, of topics."""
    by_topic = LogSelection([LogFilter((A,), (T1,)), LogFilter((B, A), (T2,))])
    assert by_topic.in_block(HASH).params == ({"blockHash": HASH, "address": [A, B], "topics": [["0x" + T1.hex(), "0x" + T2.hex()]]},)
    assert LogSelection([LogFilter((A,), (T1,)), LogFilter((B,))]).in_range(16, 32).params == (
        {"fromBlock": "0x10", "toBlock": "0x20", "address": [A, B]},
    )


def test_what_only_the_union_let_through_is_dropped() -> None:
    """A with T1, B with everything; A with T2 is nobody's."""
    selection = LogSelection([LogFilter((A,), (T1,)), LogFilter((B,))])
    answer = [log_json(log) for log in (_log(A, [T1]), _log(A, [T2], index=1), _log(A, [], index=2), _log(B, [], index=3))]
    assert [log.log_index for log in selection.parse(answer)] == [0, 3]


def test_two_filters_on_one_address_add_up() -> None:
    """And one without topics takes all, in either order."""
    answer = [log_json(_log(A, [topic], index=place)) for place, topic in enumerate((T1, T2, T3))]
    narrow, wide = [LogFilter((A,), (T1,)), LogFilter((A,), (T3,))], LogFilter((A,))
    assert [log.log_index for log in LogSelection(narrow).parse(answer)] == [0, 2]
    assert len(LogSelection([*narrow, wide]).parse(answer)) == len(LogSelection([wide, *narrow]).parse(answer)) == 3


def test_logs_come_in_chain_order() -> None:
    """Whatever order the node found them in."""
    answer = [log_json(_log(A, [], number, index)) for number, index in ((7, 0), (5, 3), (5, 1))]
    assert [(log.block_number, log.log_index) for log in LogSelection([LogFilter((A,))]).parse(answer)] == [(5, 1), (5, 3), (7, 0)]


def test_logs_nobody_asked_for_and_doubled_logs_are_refused() -> None:
    """Either means that the node answers something else."""
    selection = LogSelection([LogFilter((A,))])
    with pytest.raises(ValueError, match="not asked for"):
        selection.parse([log_json(_log(C, []))])
    with pytest.raises(ValueError, match="twice"):
        selection.parse([log_json(_log(A, []))] * 2)
    with pytest.raises(ValueError, match="no list"):
        selection.parse(None)
    with pytest.raises(BlockUnknown):
        selection.parse(BlockUnknown(-32_000, "unknown block"))


def test_without_addresses_nothing_is_selected() -> None:
    """An empty address list would select every log of the chain."""
    assert not LogSelection([])
    assert not LogSelection([LogFilter(())])
    assert LogSelection([LogFilter(()), LogFilter((A,))]).filters == (LogFilter((A,)),)
