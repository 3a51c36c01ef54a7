"""The four cases of a head, finality, outages, and what a follower leaves behind."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from itertools import count, pairwise
from typing import Any

import pytest

from keeper.chain.fetch import BlockFetcher
from keeper.chain.follower import Follower, FollowOptions
from keeper.chain.heads import Heads, Hint
from keeper.chain.log import LogSelection
from keeper.chain.ranges import LogRanges
from keeper.chain.rpc import Reply
from keeper.chain.standstill import Standstill
from keeper.domain.chain import BlockAdded, BlockFinalised, BlockRef, BlocksReverted, ChainEvent
from keeper.errors import ReorgBeyondFinality, RpcError
from tests.keeper.chain.fakes import Bench, ScriptedHeads, StopFollowing, bench, node
from tests.keeper.chain.simulated import FILTER, SimulatedNode, wanted

Step = Callable[[], Hint | None]
DEEP = FollowOptions(finality_depth=100, gap_chunk=4)


def _live(simulated: SimulatedNode) -> Callable[[Any], Any]:
    return lambda request: node(simulated.answer())(request)


def _follower(on: Bench, heads: Heads, options: FollowOptions = DEEP, *, wall_clock: bool = False) -> Follower:
    fetcher = BlockFetcher(on.pool, on.proofs(), LogSelection([FILTER]), LogRanges(on.pool, 10))
    standstill = Standstill(on.clock, 2.0, wall_clock=wall_clock)
    return Follower(fetcher, on.pool, heads, standstill, options, on.report, lambda: None)


def _events(
    on: Bench, steps: Sequence[Step], after: BlockRef, known: Sequence[BlockRef] = (), options: FollowOptions = DEEP
) -> list[ChainEvent]:
    async def run() -> list[ChainEvent]:
        events: list[ChainEvent] = []
        try:
            async for event in _follower(on, ScriptedHeads(steps), options).follow(after, known):
                events.append(event)
        except StopFollowing:
            return events
        raise AssertionError("a follower ends only by an exception")

    return asyncio.run(run())


def _poll(act: Callable[[], object]) -> Step:
    def step() -> None:
        act()

    return step


def _added(simulated: SimulatedNode, first: int, last: int) -> list[ChainEvent]:
    return [BlockAdded(block.ref, wanted(block)) for block in simulated.chain[first : last + 1]]


def _start() -> tuple[SimulatedNode, Bench]:
    simulated = SimulatedNode()
    return simulated, bench(_live(simulated))


def test_the_next_block_costs_two_requests_and_one_when_announced() -> None:
    """Head, then logs by hash; with a right hint both at once. The number of blocks is all that counts."""
    simulated, on = _start()

    def announced() -> Hint:
        simulated.mine([2])
        return Hint(simulated.tip.number, simulated.tip.hash)

    steps: list[Step] = [_poll(lambda: simulated.mine([1])), announced]
    counts: list[int] = []

    def counting(step: Step) -> Step:
        def counted() -> Hint | None:
            counts.append(len(on.transports[0].posts))
            return step()

        return counted

    assert _events(on, [counting(step) for step in [*steps, lambda: None]], simulated.tip) == _added(simulated, 1, 2)
    assert [after - before for before, after in pairwise(counts)] == [2, 1]


def test_a_head_seen_already_brings_nothing() -> None:
    """Polling twice, an announcement of what is known, an older head of an endpoint that lags."""
    simulated = SimulatedNode()
    simulated.mine([1])
    older = simulated.chain
    seen = [older]
    on = bench(lambda request: node(simulated.answer(seen[0]))(request))

    def lead() -> None:
        simulated.mine([1, 1])
        seen[0] = simulated.chain

    def lag() -> None:
        seen[0] = older

    def announce() -> Hint:
        return Hint(simulated.tip.number, simulated.tip.hash)

    steps: list[Step] = [lambda: None, _poll(lead), announce, lambda: None, _poll(lag), lambda: None]
    assert _events(on, steps, simulated.chain[0].ref) == _added(simulated, 1, 3)


@pytest.mark.parametrize("missed", [2, 4, 5, 13])
def test_a_gap_is_filled_in_chunks(missed: int) -> None:
    """Four headers at a time here; order and logs as if nothing had been missed."""
    simulated, on = _start()
    steps = [_poll(lambda: simulated.mine([place % 3 for place in range(missed)]))]
    assert _events(on, steps, simulated.tip) == _added(simulated, 1, missed)
    longest = max(len(post) for post in on.transports[0].posts if isinstance(post, list))
    assert longest <= 4


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("growth", [-1, 0, 1, 3])
def test_a_reorg_is_a_value(depth: int, growth: int) -> None:
    """Orphans from the newest down, the ancestor, then the new fork: shorter, as long, or longer."""
    simulated, on = _start()
    old: list[BlockRef] = []

    def reorganise() -> None:
        old.extend(block.ref for block in simulated.chain)
        simulated.reorg(depth, [1] * max(1, depth + growth))

    events = _events(on, [_poll(lambda: simulated.mine([1] * 8)), _poll(reorganise)], simulated.tip)
    ancestor = simulated.chain[8 - depth].ref
    expected = BlocksReverted(ancestor, tuple(reversed(old[9 - depth :])))
    assert events[8:] == [expected, *_added(simulated, 9 - depth, simulated.tip.number)]


def test_a_reorg_missed_while_a_gap_was_open() -> None:
    """The tip was orphaned and the chain went far ahead."""
    simulated, on = _start()

    def reorganise() -> None:
        simulated.reorg(2, [1] * 12)

    events = _events(on, [_poll(lambda: simulated.mine([1] * 5)), _poll(reorganise)], simulated.tip)
    assert isinstance(events[5], BlocksReverted)
    assert (events[5].ancestor, len(events[5].orphaned)) == (simulated.chain[3].ref, 2)
    assert events[6:] == _added(simulated, 4, 15)


def test_a_reorg_deeper_than_one_window_of_questions() -> None:
    """The walk goes on until hashes join."""
    simulated, on = _start()
    events = _events(on, [_poll(lambda: simulated.mine([0] * 40)), _poll(lambda: simulated.reorg(35, [0] * 36))], simulated.tip)
    reverted = events[40]
    assert isinstance(reverted, BlocksReverted)
    assert (reverted.ancestor.number, len(reverted.orphaned)) == (5, 35)


def test_following_goes_on_after_a_restart() -> None:
    """With the unfinalised blocks it knows, a process finds out what was orphaned while it was down."""
    simulated, on = _start()
    simulated.mine([1] * 6)
    known = [block.ref for block in simulated.chain[3:7]]
    simulated.reorg(3, [1] * 5)
    events = _events(on, [], known[-1], known)
    assert events == [BlocksReverted(simulated.chain[3].ref, tuple(reversed(known[1:]))), *_added(simulated, 4, 8)]


def test_the_whole_known_segment_may_be_orphaned_down_to_the_final_block() -> None:
    """The block below the known ones is final and is the ancestor."""
    simulated, on = _start()
    simulated.mine([1] * 6)
    known = [block.ref for block in simulated.chain[4:7]]
    simulated.reorg(3, [1] * 4)
    events = _events(on, [], known[-1], known)
    assert events[0] == BlocksReverted(simulated.chain[3].ref, tuple(reversed(known)))


def test_known_blocks_must_link() -> None:
    """Anything else is the caller's mistake."""
    simulated, on = _start()
    simulated.mine([0] * 6)
    with pytest.raises(ValueError, match="does not follow"):
        _events(on, [], simulated.tip, [simulated.chain[2].ref, simulated.chain[4].ref])


def test_blocks_become_final_at_their_depth() -> None:
    """Each once, in order, and never one that is not deep enough."""
    simulated, on = _start()
    options = FollowOptions(finality_depth=3, gap_chunk=4)
    events = _events(on, [_poll(lambda: simulated.mine([0] * 6))], simulated.tip, options=options)
    finals = [(event.block.number, place) for place, event in enumerate(events) if isinstance(event, BlockFinalised)]
    assert finals == [(1, 4), (2, 6), (3, 8)]


@pytest.mark.parametrize("kept", [True, False])
def test_a_reorg_beyond_finality_is_fatal(kept: bool) -> None:
    """While running, and after a restart, on nodes that keep orphaned blocks and on those that do not."""
    options = FollowOptions(finality_depth=3, gap_chunk=4)
    simulated, on = _start()
    with pytest.raises(ReorgBeyondFinality, match="block 3 was final"):
        _events(on, [_poll(lambda: simulated.mine([0] * 6)), _poll(lambda: simulated.reorg(4, [0] * 5))], simulated.tip, (), options)
    simulated, on = _start()
    simulated.mine([0] * 6)
    known = [block.ref for block in simulated.chain[4:7]]
    simulated.reorg(4, [0] * 5)
    if not kept:
        simulated.by_hash = {block.ref.hash: block for block in simulated.chain}
    with pytest.raises(ReorgBeyondFinality, match="block 3 was final"):
        _events(on, [], known[-1], known, options)


def test_one_endpoint_alone_cannot_claim_a_reorg_beyond_finality() -> None:
    """While another still has the final block, the claimant is distrusted and following goes on."""
    simulated = SimulatedNode()
    simulated.mine([1] * 5)
    fork = SimulatedNode()
    fork.mine([0, 0])
    fork.reorg(2, [1] * 9)
    on = bench(_live(fork), _live(simulated))
    events = _events(on, [lambda: None, _poll(lambda: simulated.mine([1]))], simulated.chain[2].ref)
    assert events == _added(simulated, 3, 6)
    assert any("final block 2" in incident.detail for incident in on.incidents)


def _known_on_two_forks() -> tuple[SimulatedNode, SimulatedNode, list[BlockRef]]:
    """A chain, a fork of it from block 2 on, and blocks of the chain that are not final yet; block 3 is."""
    simulated, fork = SimulatedNode(), SimulatedNode()
    simulated.mine([0] * 6)
    fork.chain, fork.by_hash, fork._salt = simulated.chain[:3], {block.ref.hash: block for block in simulated.chain[:3]}, 1_000
    fork.mine([0] * 6)
    return simulated, fork, [block.ref for block in simulated.chain[4:7]]


def test_a_restart_beside_an_endpoint_on_another_fork_goes_on() -> None:
    """The first endpoint does not know the final block; the second does."""
    simulated, fork, known = _known_on_two_forks()
    on = bench(_live(fork), _live(simulated))
    assert _events(on, [_poll(lambda: simulated.mine([1]))] * 2, known[-1], known)[:1] == _added(simulated, 7, 7)


@pytest.mark.parametrize("kept", [True, False])
def test_a_fork_is_not_the_end_while_an_endpoint_cannot_be_asked(kept: bool) -> None:
    """One of two says that the final block was replaced, the other is down for a moment: that is half of the truth."""
    simulated, fork, known = _known_on_two_forks()
    down = [True]
    on = bench(_live(fork), lambda request: Reply(502, b"down") if down[0] else _live(simulated)(request))

    def mend() -> None:
        down[0] = False
        on.clock.time += 60.0

    after, already = (known[-1], known) if kept else (simulated.chain[3].ref, [])
    events = _events(on, [lambda: None, lambda: None, _poll(mend), *[lambda: None] * 4, _poll(lambda: simulated.mine([1]))], after, already)
    assert [event.block.number for event in events if isinstance(event, BlockAdded)][-1] == 7


def test_a_head_that_leads_nowhere_twice_is_blamed_on_who_told_it() -> None:
    """An invented block links to the chain, but nobody has its logs. Once would be an ordinary reorg between two questions."""
    simulated, inventor = SimulatedNode(), SimulatedNode(salt=1_000)
    inventor.mine([0])

    def invent(method: str, params: Sequence[Any]) -> Any:
        answer = simulated.answer()(method, params)
        return inventor.tip_header() if method == "eth_getBlockByNumber" and params[0] == "latest" else answer

    on = bench(node(invent), _live(simulated))
    simulated.mine([1, 1])
    assert _events(on, [lambda: None] * 3, simulated.chain[0].ref) == _added(simulated, 1, 2)
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "distrusted")]


def _high_heads(simulated: SimulatedNode, above: int) -> Callable[[Any], Any]:
    """A node of the chain whose head is another one, `above` blocks beyond the chain's, at every look."""
    looks = count(1)

    def answer(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            header = simulated.tip_header()
            return {**header, "number": hex(simulated.tip.number + above), "hash": f"0x{next(looks):064x}"}
        return simulated.answer()(method, params)

    return node(answer)


@pytest.mark.parametrize("above", [4, 1_000_000])
def test_a_head_far_above_all_others_that_leads_nowhere_is_blamed_at_once(above: int) -> None:
    """Also when it is another one every time: waiting for the same head again would be waiting for ever."""
    simulated = SimulatedNode()
    simulated.mine([1])
    on = bench(_high_heads(simulated, above), _live(simulated))
    assert _events(on, [lambda: None], simulated.chain[0].ref) == _added(simulated, 1, 1)
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "distrusted")]


def test_a_high_head_does_not_hide_a_standstill() -> None:
    """Nor is the chain called still because it has not reached a block that does not exist: what was never linked was never seen."""
    simulated = SimulatedNode()
    simulated.mine([1] * 6)
    on = bench(_high_heads(simulated, 1_000_000), _live(simulated))
    problems: list[bool] = []

    def mine() -> None:
        simulated.mine([1])
        on.clock.time += 2.0
        problems.append("head" in on.problems)

    def wait() -> None:
        on.clock.time += 2.0
        problems.append("head" in on.problems)

    _events(on, [*[_poll(mine)] * 8, *[_poll(wait)] * 6], simulated.chain[0].ref)
    assert problems[:9] == [False] * 9
    assert problems[-1]


def test_a_head_far_above_an_endpoint_that_lags_is_followed() -> None:
    """Its blocks link: that is the proof, whatever the other one says."""
    simulated = SimulatedNode()
    genesis = simulated.chain
    simulated.mine([1] * 9)
    on = bench(_live(simulated), lambda request: node(simulated.answer(genesis))(request))
    assert _events(on, [lambda: None], genesis[0].ref) == _added(simulated, 1, 9)
    assert on.incidents == []


def test_a_reorg_between_two_questions_is_no_fault_beside_an_endpoint_that_lags() -> None:
    """The next block of the only endpoint that is up to date, its logs unknown for a moment: far above the other one, not above the tip."""
    simulated = SimulatedNode()
    genesis = simulated.chain
    simulated.mine([1] * 9)
    after = simulated.tip
    unknown = [RpcError(-32_000, "unknown block")] * 2

    def racing(method: str, params: Sequence[Any]) -> Any:
        return unknown.pop() if method == "eth_getLogs" and unknown else simulated.answer()(method, params)

    on = bench(node(racing), lambda request: node(simulated.answer(genesis))(request))
    assert _events(on, [_poll(lambda: simulated.mine([1])), lambda: None], after) == _added(simulated, 10, 10)
    assert unknown == []
    assert on.incidents == []


def test_a_high_head_of_the_only_endpoint_is_waited_out() -> None:
    """There is no other to compare it with."""
    simulated = SimulatedNode()
    simulated.mine([1])
    high = [_high_heads(simulated, 1_000)]
    on = bench(lambda request: high[0](request) if high else _live(simulated)(request))
    assert _events(on, [lambda: None, _poll(high.clear), lambda: None], simulated.chain[0].ref) == _added(simulated, 1, 1)
    assert on.incidents == []


def test_an_empty_answer_that_the_bloom_contradicts_is_not_believed() -> None:
    """A node whose log index lags behind its headers: for one block by hash, and in a gap by range."""
    simulated = SimulatedNode()
    hide = [1]

    def forgetful(method: str, params: Sequence[Any]) -> Any:
        answer = simulated.answer()(method, params)
        if method == "eth_getLogs" and hide[0] > 0:
            hide[0] -= 1
            return []
        return answer

    on = bench(node(forgetful))

    def gap() -> None:
        hide[0] = 1
        simulated.mine([1, 0, 2])

    assert _events(on, [_poll(lambda: simulated.mine([1])), _poll(gap)], simulated.tip) == _added(simulated, 1, 4)


def test_no_second_look_where_the_bloom_denies() -> None:
    """Blocks without our logs cost nothing more."""
    simulated, on = _start()
    _events(on, [_poll(lambda: simulated.mine([0]))], simulated.tip)
    assert simulated.asked.count("eth_getLogs") == 1


def test_failures_pass() -> None:
    """HTML for a while; then everything that was missed comes."""
    simulated = SimulatedNode()
    failing: list[Reply] = []
    on = bench(lambda request: failing.pop() if failing else _live(simulated)(request))

    def fail() -> None:
        simulated.mine([1, 1])
        failing.extend([Reply(502, b"<html>")] * 7)

    assert _events(on, [_poll(fail), *[lambda: None] * 3], simulated.tip) == _added(simulated, 1, 2)


def _until(on: Bench, minutes: float, mend: Callable[[], None]) -> Step:
    """Poll every second; mend after some minutes."""

    def step() -> None:
        on.clock.time += 1.0
        if on.clock.time > 60 * minutes:
            mend()

    return step


def test_an_outage_is_waited_out_however_long() -> None:
    """Told while it lasts; then everything that was missed comes."""
    simulated = SimulatedNode()
    down = [True]
    on = bench(lambda request: Reply(502, b"<html>down</html>") if down[0] else _live(simulated)(request))

    def mend() -> None:
        if down[0]:
            assert "HTTP 502" in on.problems["endpoints"]
            simulated.mine([1] * 3)
            down[0] = False

    assert _events(on, [_until(on, 10, mend)] * 600, simulated.tip) == _added(simulated, 1, 3)
    assert not down[0]
    assert "endpoints" not in on.problems
    assert len(on.transports[0].posts) < 4000


def test_a_restarted_chain_is_not_followed() -> None:
    """Its head is below what was final: an outage, not news."""
    simulated, on = _start()
    simulated.mine([0] * 5)
    after = simulated.tip
    simulated.chain = simulated.chain[:2]
    assert _events(on, [_until(on, 60, lambda: None)] * 200, after) == []
    assert "below the final block" in on.problems["endpoints"]


def test_a_frozen_endpoint_is_left_when_its_head_has_stood_still_for_three_blocks() -> None:
    """Though it answers every question; the other is followed from then on, without waiting for a survey of its own time."""
    simulated = SimulatedNode()
    frozen = [simulated.chain]
    on = bench(lambda request: node(simulated.answer(frozen[0]))(request), _live(simulated))

    def mine() -> None:
        simulated.mine([1])
        on.clock.time += 2.0

    assert _events(on, [_poll(mine)] * 5, simulated.tip) == _added(simulated, 1, 5)
    assert [incident.event for incident in on.incidents] == ["behind"]
    assert on.problems == {}


def test_a_head_that_stands_still_everywhere_is_told_until_it_rises() -> None:
    """With one endpoint, too: there is nobody to compare it with, but time."""
    simulated, on = _start()
    heard: list[bool] = []

    def wait() -> None:
        on.clock.time += 1.0
        heard.append("head" in on.problems)

    steps = [_poll(wait)] * 12
    assert _events(on, [*steps, _poll(lambda: simulated.mine([1])), lambda: None], simulated.tip) == _added(simulated, 1, 1)
    assert heard[:6] == [False] * 6
    assert heard[-1]
    assert on.problems == {}


def test_an_old_timestamp_is_told_where_the_wall_clock_may_judge() -> None:
    """A chain that stopped yesterday; a devnet's made-up time says nothing."""
    simulated, on = _start()
    on.clock.time += 3_600.0

    async def run(wall_clock: bool) -> None:
        heads = ScriptedHeads([_poll(lambda: setattr(on.clock, "time", on.clock.time + 1.0))] * 7)
        async for _ in _follower(on, heads, wall_clock=wall_clock).follow(simulated.tip, []):
            pass

    for wall_clock in (False, True):
        on.problems.clear()
        with pytest.raises(StopFollowing):
            asyncio.run(run(wall_clock))
        assert ("s old" in on.problems.get("head", "")) == wall_clock


def test_a_waiting_follower_is_cancelled_at_once_and_leaves_nothing() -> None:
    """Neither while it waits for a head nor while a request hangs."""

    async def run(hanging: bool) -> None:
        simulated = SimulatedNode()

        async def hang() -> None:
            await asyncio.sleep(3600)

        on = bench(lambda request: hang() if hanging else _live(simulated)(request))

        class Never:
            async def next(self, tip_number: int) -> Hint | None:
                await hang()
                return None

            async def close(self) -> None:
                return None

        async def consume() -> None:
            async with aclosing(_follower(on, Never()).follow(simulated.tip, [])) as events:
                async for _ in events:
                    pass

        async with asyncio.timeout(2), asyncio.TaskGroup() as group:
            task = group.create_task(consume())
            await asyncio.sleep(0.01)
            task.cancel()
        assert task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run(False))
    asyncio.run(run(True))
