"""History comes complete, in order, chunk by chunk, and can be taken up again anywhere."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.backfill import Backfill, BlockLogs
from keeper.chain.ranges import LogRanges
from keeper.errors import RpcError, RpcUnavailable
from tests.keeper.chain.fakes import Bench, bench, node
from tests.keeper.chain.simulated import FILTER, SimulatedNode, wanted


def _simulated(logs: Sequence[int]) -> SimulatedNode:
    simulated = SimulatedNode()
    simulated.mine(logs)
    return simulated


def _run(on: Bench, first: int, last: int, most: int = 4, concurrency: int = 3) -> list[BlockLogs]:
    async def run() -> list[BlockLogs]:
        backfill = Backfill(on.pool, on.proofs(), LogRanges(on.pool, most), concurrency)
        return [found async for found in backfill.run([FILTER], first, last)]

    return asyncio.run(run())


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.data())
def test_every_log_comes_once_in_order(logs: list[int], data: st.DataObject) -> None:
    """Any range, any chunk size, any concurrency; and the last block is always told, so that the caller knows how far it is."""
    simulated = _simulated(logs)
    first = data.draw(st.integers(0, len(logs)))
    last = data.draw(st.integers(first, len(logs)))
    most, concurrency = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 5))
    found = _run(bench(node(simulated.answer())), first, last, most, concurrency)
    expected = [(block.ref, wanted(block)) for block in simulated.chain[first : last + 1]]
    assert [pair for pair in found if pair[1]] == [pair for pair in expected if pair[1]]
    assert [block.number for block, _ in found] == sorted({block.number for block, _ in found})
    assert found[-1] == expected[-1]


def test_headers_are_asked_only_where_there_are_logs() -> None:
    """A hundred blocks with one log: two requests per chunk of 25, four headers and the one with the log."""
    simulated = _simulated([0] * 60 + [1] + [0] * 39)
    on = bench(node(simulated.answer()))
    found = _run(on, 1, 100, 25)
    assert [block.number for block, _ in found] == [25, 50, 61, 75, 100]
    assert simulated.asked.count("eth_getBlockByNumber") == 5
    assert on.pool.usage().following.requests == 8 + 3  # three chunks at once prove the chain id before the first answer came


def test_nothing_to_fetch() -> None:
    """An empty range asks nothing."""
    on = bench(node(_simulated([1]).answer()))
    assert _run(on, 5, 4) == []
    assert on.transports[0].posts == []


def test_limits_met_on_the_way_are_adapted_to() -> None:
    """By all chunks."""
    simulated = _simulated([1] * 40)

    def answer(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= 3:
            return RpcError(-32_000, "block range is too wide")
        return simulated.answer()(method, params)

    assert len(_run(bench(node(answer)), 1, 40, 20)) == 40


def test_a_failure_is_one_error_not_a_group() -> None:
    """Callers know the names of errors."""
    simulated = _simulated([1] * 40)

    def answer(method: str, params: Sequence[Any]) -> Any:
        return RpcError(-32_601, "Method not found") if method == "eth_getLogs" else simulated.answer()(method, params)

    with pytest.raises(RpcError, match="Method not found"):
        _run(bench(node(answer)), 1, 40)


def test_logs_of_another_fork_are_refused() -> None:
    """Headers that do not carry the hash of the logs: not final, or a lie."""
    simulated = _simulated([1] * 4)
    before = simulated.answer()
    simulated.reorg(2, [1] * 2)

    def answer(method: str, params: Sequence[Any]) -> Any:
        return before(method, params) if method == "eth_getLogs" else simulated.answer()(method, params)

    with pytest.raises(RpcUnavailable, match="logs of another block"):
        _run(bench(node(answer)), 1, 4)


def test_logs_that_are_not_of_their_block_are_asked_for_at_the_other_endpoint() -> None:
    """The first answers with logs of a fork, time and again: history is complete all the same, and who told them is asked last."""
    simulated = _simulated([1] * 4)
    before = simulated.answer()
    simulated.reorg(2, [1] * 2)

    def answer(method: str, params: Sequence[Any]) -> Any:
        return before(method, params) if method == "eth_getLogs" else simulated.answer()(method, params)

    on = bench(node(answer), node(simulated.answer()))
    assert len(_run(on, 1, 4)) == 4
    assert "failed" in [incident.event for incident in on.incidents if incident.endpoint == "http://a"]


def test_walking_away_leaves_nothing_behind() -> None:
    """After the first block, with chunks still to come."""

    async def run() -> None:
        on = bench(node(_simulated([1] * 40).answer()))
        backfill = Backfill(on.pool, on.proofs(), LogRanges(on.pool, 2), 4)
        async with aclosing(backfill.run([FILTER], 1, 40)) as found:
            async for _ in found:
                break
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_every_block_on_demand() -> None:
    """Also those without logs; they must follow each other."""
    simulated = _simulated([0] * 9)

    async def run() -> list[int]:
        on = bench(node(simulated.answer()))
        backfill = Backfill(on.pool, on.proofs(), LogRanges(on.pool, 4), 3)
        return [block.number async for block, _ in backfill.run([FILTER], 2, 9, every_block=True)]

    assert asyncio.run(run()) == [2, 3, 4, 5, 6, 7, 8, 9]
