"""Ranges find the provider's limits, whatever they are, and no log is lost on the way."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.log import LogSelection
from keeper.chain.ranges import LogRanges, RangeSize
from keeper.chain.refusals import SizeLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import RpcTimeout
from keeper.domain.chain import RawLog
from keeper.errors import RpcError, RpcUnavailable
from tests.keeper.chain.fakes import Bench, bench, node
from tests.keeper.chain.simulated import FILTER, SimulatedNode, wanted

SELECTION = LogSelection([FILTER])


def _simulated(logs: Sequence[int]) -> SimulatedNode:
    simulated = SimulatedNode()
    simulated.mine(logs)
    return simulated


def _limited(simulated: SimulatedNode, refuse: Any) -> Bench:
    """A provider that first lets `refuse(first, last, logs)` object."""

    def answer(method: str, params: Sequence[Any]) -> Any:
        first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
        logs = sum(len(wanted(block)) for block in simulated.chain[first : last + 1])
        return refuse(first, last, logs) or simulated.answer()(method, params)

    return bench(node(answer))


def _fetch(on: Bench, most: int, first: int, last: int) -> list[RawLog]:
    return asyncio.run(LogRanges(on.pool, most).fetch(SELECTION, first, last))


def _expected(simulated: SimulatedNode, first: int, last: int) -> list[RawLog]:
    return [log for block in simulated.chain[first : last + 1] for log in wanted(block)]


@given(
    logs=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    most=st.integers(1, 70),
    most_blocks=st.integers(1, 70),
    most_logs=st.integers(4, 20),
    advice=st.sampled_from(["none", "blocks", "range"]),
)
def test_every_log_comes_once_within_any_limits(logs: list[int], most: int, most_blocks: int, most_logs: int, advice: str) -> None:
    """Limits on blocks and on results, with and without advice in the refusal."""
    simulated = _simulated(logs)

    def refuse(first: int, last: int, count: int) -> RpcError | None:
        if last - first + 1 > most_blocks:
            return RpcError(-32_000, f"exceed maximum block range: {most_blocks}" if advice == "blocks" else "block range is too wide")
        if count > most_logs:
            suggestion = f", this block range should work: [{hex(first)}, {hex(first)}]" if advice == "range" else ""
            return RpcError(-32_005, f"query returned more than {most_logs} results{suggestion}")
        return None

    assert _fetch(_limited(simulated, refuse), most, 0, len(logs)) == _expected(simulated, 0, len(logs))


def test_a_stated_limit_is_taken_at_its_word_and_never_tried_again() -> None:
    """One refusal, then ranges of exactly that size."""
    simulated = _simulated([0] * 99)
    spans: list[int] = []

    def refuse(first: int, last: int, count: int) -> RpcError | None:
        spans.append(last - first + 1)
        return RpcError(-32_000, "eth_getLogs is limited to a 10 range") if spans[-1] > 10 else None

    _fetch(_limited(simulated, refuse), 64, 0, 99)
    assert spans == [64] + [10] * 10


def test_after_a_dense_stretch_the_range_grows_again() -> None:
    """Too many results is a matter of where, not for ever."""
    simulated = _simulated([3] * 20 + [0] * 300)
    spans: list[int] = []

    def refuse(first: int, last: int, count: int) -> RpcError | None:
        spans.append(last - first + 1)
        return RpcError(-32_005, "query returned more than 10 results") if count > 10 else None

    ranges = LogRanges(_limited(simulated, refuse).pool, 64)
    assert asyncio.run(ranges.fetch(SELECTION, 0, 320)) == _expected(simulated, 0, 320)
    assert min(spans) <= 4
    assert ranges.blocks() == 64


def test_a_slow_range_is_halved() -> None:
    """A timeout is a limit nobody states."""
    simulated = _simulated([1] * 40)
    answer = node(simulated.answer())

    def handler(request: Any) -> Any:
        criteria = (request["params"] or [{}])[0]
        span = int(criteria.get("toBlock", "0x0"), 16) - int(criteria.get("fromBlock", "0x0"), 16) + 1
        return RpcTimeout("slow") if span > 8 else answer(request)

    on = bench(handler)
    assert _fetch(on, 40, 1, 40) == _expected(simulated, 1, 40)
    assert on.clock.sleeps == []


def test_one_block_that_is_too_much_is_told() -> None:
    """There is nothing smaller to ask for."""
    simulated = _simulated([1] * 4)
    with pytest.raises(SizeLimited):
        _fetch(_limited(simulated, lambda *_: RpcError(-32_005, "query returned more than 1 results")), 8, 0, 4)


@pytest.mark.parametrize("lie", ["outside", "other hash", "removed", "doubled", "other address"])
def test_logs_that_do_not_fit_are_refused(lie: str) -> None:
    """Each is an untrue answer; with one endpoint there is nobody else to ask."""
    simulated = _simulated([1] * 4)

    def answer(method: str, params: Sequence[Any]) -> Any:
        logs = simulated.answer()(method, params)
        if lie == "outside":
            logs[0]["blockNumber"] = "0x9"
        if lie == "other hash":
            logs[0]["blockHash"] = "0x" + "ab" * 32
        if lie == "removed":
            logs[0]["removed"] = True
        if lie == "other address":
            logs[0]["address"] = "0x" + "77" * 20
        return logs + logs[-1:] if lie == "doubled" else logs

    def check(log: RawLog) -> None:
        if log.block_hash != simulated.chain[log.block_number].ref.hash:
            raise ValueError("of another block")

    on = bench(node(answer))
    with pytest.raises(RpcUnavailable):
        asyncio.run(LogRanges(on.pool, 8).fetch(SELECTION, 1, 4, check))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 100), st.sampled_from(["", "max block range 7", "[0x0, 0x2]"])), max_size=50))
def test_the_size_stays_within_its_bounds(moves: list[tuple[bool, int, str]]) -> None:
    """At least one block, at most what was allowed."""
    size = RangeSize(50)
    for record_success, span, hint in moves:
        if record_success:
            size.record_success(span)
        else:
            size.record_refusal(0, span, hint)
        assert 1 <= size.blocks <= 50


def test_an_empty_range_cannot_be_configured() -> None:
    """It would never end."""
    with pytest.raises(ValueError, match="holds nothing"):
        RangeSize(0)


def _spans(limit: int, simulated: SimulatedNode) -> tuple[list[int], Any]:
    """A node that takes so many blocks at once, and the spans it was asked for."""
    spans: list[int] = []

    def answer(method: str, params: Sequence[Any]) -> Any:
        spans.append(int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1)
        return RpcError(-32_000, "block range is too wide") if spans[-1] > limit else simulated.answer()(method, params)

    return spans, node(answer)


def test_each_endpoint_is_asked_for_as_much_as_it_takes() -> None:
    """What the second does not take is no limit of the first."""
    simulated = _simulated([1] * 60)
    wide_spans, wide = _spans(100, simulated)
    narrow_spans, narrow = _spans(5, simulated)
    on = bench(wide, narrow)
    ranges = LogRanges(on.pool, 20)

    async def run() -> None:
        for turn in (0, 1, 0):
            assert await ranges.fetch(SELECTION, 1, 60, turn=turn) == _expected(simulated, 1, 60)

    asyncio.run(run())
    assert wide_spans == [20] * 6
    assert max(narrow_spans[1:]) <= 10
    assert ranges.blocks(0) == 20
    assert ranges.blocks(1) <= 10


def test_a_narrow_endpoint_asked_beside_a_slow_wide_one_ends_no_range() -> None:
    """It refuses before the other answers: that is its own limit, and less is asked for at once."""
    simulated = _simulated([1] * 30)
    _, wide = _spans(100, simulated)
    _, narrow = _spans(5, simulated)

    async def slowly(request: Any) -> Any:
        await asyncio.sleep(0.02)
        return wide(request)

    on = bench(slowly, narrow, retry=RetryOptions(bulky_cap_s=0.005))
    assert asyncio.run(LogRanges(on.pool, 20).fetch(SELECTION, 1, 30)) == _expected(simulated, 1, 30)
