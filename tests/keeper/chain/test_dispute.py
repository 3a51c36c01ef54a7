"""Endpoints on different chains: told, never final while two differ, decided by the majority of three."""

import asyncio
from collections.abc import Callable
from typing import Any

from keeper.chain.fetch import BlockFetcher
from keeper.chain.follower import Follower, FollowOptions
from keeper.chain.heads import Hint
from keeper.chain.log import LogSelection
from keeper.chain.ranges import LogRanges
from keeper.chain.rpc import Reply
from keeper.chain.standstill import Standstill
from keeper.domain.chain import BlockFinalised, BlocksReverted, ChainEvent
from tests.keeper.chain.fakes import Bench, ScriptedHeads, StopFollowing, bench, node
from tests.keeper.chain.simulated import FILTER, SimulatedNode

DEPTH = 4


def _pair() -> tuple[SimulatedNode, SimulatedNode]:
    """A true chain and a forged one that share their first three blocks."""
    true, forged = SimulatedNode(), SimulatedNode()
    true.mine([1, 0])
    forged.chain, forged.by_hash, forged.highest = true.chain, dict(true.by_hash), true.highest
    forged._salt = 1_000
    return true, forged


def _follow(on: Bench, steps: list[Callable[[], Any]], simulated: SimulatedNode) -> tuple[list[ChainEvent], list[str | None]]:
    """The events, and what was in dispute at every step."""
    disputes: list[str | None] = []

    async def run() -> list[ChainEvent]:
        fetcher = BlockFetcher(on.pool, on.proofs(), LogSelection([FILTER]), LogRanges(on.pool, 10))
        options = FollowOptions(finality_depth=DEPTH, gap_chunk=10)

        def step(act: Callable[[], Any]) -> Callable[[], Hint | None]:
            def taken() -> Hint | None:
                disputes.append(follower.dispute.problem)
                act()
                return None

            return taken

        heads = ScriptedHeads([step(act) for act in [*steps, lambda: None]])
        follower = Follower(fetcher, on.pool, heads, Standstill(on.clock, 2.0), options, on.report, lambda: None)
        events: list[ChainEvent] = []
        try:
            async for event in follower.follow(simulated.chain[0].ref, []):
                events.append(event)
        except StopFollowing:
            return events
        raise AssertionError("a follower ends only by an exception")

    return asyncio.run(run()), disputes


def test_what_two_dispute_does_not_become_final_and_is_taken_back() -> None:
    """The first endpoint is on the forged chain for longer than a block takes to become final, then on the true one again."""
    true, forged = _pair()
    now = {"a": forged}
    on = bench(lambda request: node(now["a"].answer())(request), lambda request: node(true.answer())(request))

    def grow() -> None:
        forged.mine([1])
        true.mine([0])

    def rejoin() -> None:
        now["a"] = true
        true.mine([0])

    events, disputes = _follow(on, [*[grow] * (3 * DEPTH), rejoin, lambda: true.mine([0])], true)
    assert any("http://a has" in str(problem) and "http://b has" in str(problem) for problem in disputes)
    assert disputes[-1] is None
    (reverted,) = [event for event in events if isinstance(event, BlocksReverted)]
    assert reverted.ancestor == true.chain[2].ref
    assert len(reverted.orphaned) == 3 * DEPTH
    final = [event.block for event in events if isinstance(event, BlockFinalised)]
    assert all(block == true.chain[block.number].ref for block in final)
    assert on.problems == {}


def test_of_three_the_one_on_another_chain_is_left() -> None:
    """Though it is asked first."""
    true, forged = _pair()
    on = bench(*(lambda request, each=each: node(each.answer())(request) for each in (forged, true, true)))

    def grow() -> None:
        forged.mine([1])
        true.mine([0])

    events, _ = _follow(on, [grow] * 10, true)
    assert "distrusted" in {incident.event for incident in on.incidents}
    final = [event.block for event in events if isinstance(event, BlockFinalised)]
    assert all(block == true.chain[block.number].ref for block in final)
    assert final


def test_endpoints_that_see_the_same_dispute_nothing() -> None:
    """One a block behind the other neither."""
    true, _ = _pair()
    on = bench(lambda request: node(true.answer())(request), lambda request: node(true.answer(true.chain[:-1]))(request))
    _, disputes = _follow(on, [lambda: true.mine([1])] * 10, true)
    assert set(disputes) == {None}


def test_a_dispute_stands_while_nobody_can_be_compared_with() -> None:
    """Both answer too slowly for a comparison, or one is away: silence is no agreement."""
    true, forged = _pair()
    away = [False]
    on = bench(lambda request: node(true.answer())(request), lambda request: Reply(502, b"") if away[0] else node(forged.answer())(request))

    def both(logs: list[int]) -> None:
        true.mine(logs)
        forged.mine(logs)

    def leave() -> None:
        away[0] = True
        both([0])

    _, disputes = _follow(on, [lambda: both([0] * 3), lambda: both([0]), leave, lambda: both([0])], true)
    assert disputes[-1] is not None
    assert disputes[-1] == disputes[-2]


def test_an_endpoint_far_behind_says_nothing_about_the_newest_blocks() -> None:
    """It is not the common height of the others: two that are on different chains above it are still told."""
    true, forged = _pair()
    frozen = true.chain
    on = bench(
        lambda request: node(true.answer())(request),
        lambda request: node(forged.answer())(request),
        lambda request: node(true.answer(frozen))(request),
    )

    def both(logs: list[int]) -> None:
        true.mine(logs)
        forged.mine(logs)

    both([0] * 8)
    asyncio.run(on.pool.compare_heads())
    _, disputes = _follow(on, [lambda: both([0])] * 2, true)
    assert disputes[-1] is not None
