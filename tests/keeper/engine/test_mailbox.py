"""Only the newest block's cases count, the most urgent first, no account twice at a time, and `drained` means worked off."""

import asyncio
from dataclasses import replace

from keeper.domain.chain import BlockRef
from keeper.domain.decision import LEAST_URGENT, Decision
from keeper.engine.mailbox import Mailbox
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.fakes import block_ref

GAS = 100_000
"""What a plan of these may use."""


def _one(_: BlockRef) -> int:
    """Room for one plan."""
    return GAS


async def _taken(mailbox: Mailbox) -> list[str]:
    return [decision.candidate.account for decision in await mailbox.take()]


def _order(*cases: Decision) -> list[str]:
    """The accounts in the order one worker gets them."""

    async def run() -> list[str]:
        mailbox = Mailbox(_one)
        await mailbox.replace("toy", 7, cases)
        return [(await _taken(mailbox))[0] for _ in cases]

    return asyncio.run(run())


def test_the_overdue_come_by_age_before_the_fresh_by_profit() -> None:
    cases = [
        decision_of("poor", reward=2),
        decision_of("rich", reward=9),
        decision_of("late", reward=2, blocks_breached=2),
        decision_of("later", reward=1, blocks_breached=3),
        decision_of("seen", reward=5),
    ]
    assert _order(*cases) == ["later", "late", "rich", "seen", "poor"]


def test_one_block_late_is_not_yet_overdue() -> None:
    assert _order(decision_of("once", reward=2, blocks_breached=1), decision_of("rich", reward=9)) == ["rich", "once"]


def test_a_new_block_replaces_what_nobody_took_and_gives_it_back() -> None:
    async def run() -> None:
        mailbox = Mailbox(_one)
        assert await mailbox.replace("toy", 7, [decision_of("a"), decision_of("b")]) == []
        left_over = await mailbox.replace("toy", 8, [decision_of("c")])
        assert {case.candidate.account for case in left_over} == {"a", "b"}
        assert (len(mailbox), mailbox.newest_block) == (1, 8)
        assert await _taken(mailbox) == ["c"]

    asyncio.run(run())


def test_taking_waits_for_a_case_and_a_block_without_one_does_not_end_the_wait() -> None:
    async def run() -> str:
        mailbox = Mailbox(_one)
        taking = asyncio.ensure_future(mailbox.take())
        await asyncio.sleep(0)
        await mailbox.replace("toy", 7, ())
        await asyncio.sleep(0)
        assert not taking.done()
        await mailbox.replace("toy", 8, [decision_of("a")])
        return next(decision.candidate.account for decision in await taking)

    assert asyncio.run(run()) == "a"


def test_an_account_being_worked_on_is_not_given_to_a_second_worker() -> None:
    async def run() -> None:
        mailbox = Mailbox(_one)
        await mailbox.replace("toy", 7, [decision_of("a")])
        first = await mailbox.take()
        await mailbox.replace("toy", 8, [decision_of("a"), decision_of("b")])
        assert await _taken(mailbox) == ["b"]
        second = asyncio.ensure_future(mailbox.take())
        await asyncio.sleep(0)
        assert not second.done()
        await mailbox.done(first)
        assert [decision.candidate.account for decision in await second] == ["a"]

    asyncio.run(run())


def test_drained_means_worked_off_and_not_only_taken() -> None:
    async def run() -> None:
        mailbox = Mailbox(_one)
        await asyncio.wait_for(mailbox.drained(), 1)
        await mailbox.replace("toy", 7, [decision_of("a")])
        case = await mailbox.take()
        drained = asyncio.ensure_future(mailbox.drained())
        await asyncio.sleep(0)
        assert not drained.done(), "the case is taken, but its work goes on"
        await mailbox.done(case)
        await asyncio.wait_for(drained, 1)

    asyncio.run(run())


def test_cases_orphaned_before_anybody_took_them_do_not_keep_the_daemon_from_stopping() -> None:
    async def run() -> None:
        mailbox = Mailbox(_one)
        await mailbox.replace("toy", 7, [decision_of("a")])
        await mailbox.replace("toy", 6, ())
        await asyncio.wait_for(mailbox.drained(), 1)

    asyncio.run(run())


def _batch(room: int, *cases: Decision) -> list[str]:
    """What the first of several workers gets."""

    async def run() -> list[str]:
        mailbox = Mailbox(lambda _: room)
        await mailbox.replace("toy", 7, cases)
        return await _taken(mailbox)

    return asyncio.run(run())


def test_the_most_urgent_come_together_as_far_as_there_is_room() -> None:
    cases = [decision_of(name, reward=reward) for name, reward in (("poor", 2), ("rich", 9), ("fair", 5))]
    assert _batch(2 * GAS, *cases) == ["rich", "fair"]
    assert _batch(3 * GAS - 1, *cases) == ["rich", "fair"]
    assert _batch(9 * GAS, *cases) == ["rich", "fair", "poor"]


def test_what_waits_is_shared_out_among_the_workers_the_most_urgent_first() -> None:
    async def run() -> list[list[str]]:
        mailbox = Mailbox(lambda _: 99 * GAS)
        workers = [asyncio.create_task(_taken(mailbox)) for _ in range(3)]
        await asyncio.sleep(0)
        await mailbox.replace("toy", 7, [decision_of(str(reward), reward=reward) for reward in range(7)])
        return await asyncio.gather(*workers)

    assert asyncio.run(run()) == [["6", "5", "4"], ["3", "2"], ["1", "0"]]


def test_none_overtakes_one_that_is_too_large_for_the_room() -> None:
    large = decision_of("large", reward=7)
    large = replace(large, choice=replace(large.liquidate, plan=replace(large.plan, gas_limit=2 * GAS)))
    assert _batch(2 * GAS, decision_of("first", reward=9), large, decision_of("small", reward=5)) == ["first"]


def test_only_those_of_one_block_come_together() -> None:
    newer = decision_of("newer", reward=7, block=block_ref(2))
    assert _batch(9 * GAS, decision_of("first", reward=9), newer, decision_of("last", reward=5)) == ["first", "last"]


def test_what_must_be_settled_first_does_not_hold_up_what_need_not() -> None:
    unguarded = decision_of("unguarded", reward=7)
    unguarded = replace(unguarded, choice=replace(unguarded.liquidate, plan=replace(unguarded.plan, guarded=False)))
    assert _batch(9 * GAS, decision_of("first", reward=9), unguarded, decision_of("last", reward=5)) == ["first", "last"]
    assert _batch(9 * GAS, replace(unguarded, urgency=(9, unguarded.urgency[1])), decision_of("last", reward=5)) == ["unguarded"]


def test_without_room_nothing_is_taken_until_a_block_makes_some() -> None:
    async def run() -> None:
        room = 0
        mailbox = Mailbox(lambda _: room)
        await mailbox.replace("toy", 7, [decision_of("a")])
        taking = asyncio.ensure_future(mailbox.take())
        await asyncio.sleep(0)
        assert not taking.done()
        await asyncio.wait_for(mailbox.drained(), 1)
        room = GAS
        await mailbox.replace("toy", 8, [decision_of("b")])
        assert [decision.candidate.account for decision in await taking] == ["b"]

    asyncio.run(run())


def test_one_more_of_the_newest_block_comes_last_and_one_of_an_older_block_not_at_all() -> None:
    async def run() -> None:
        mailbox = Mailbox(lambda _: GAS)
        step = replace(decision_of("own"), urgency=LEAST_URGENT)
        await mailbox.replace("toy", 1, [decision_of("poor", reward=1)])
        assert await mailbox.add(step)
        assert [await _taken(mailbox) for _ in range(2)] == [["poor"], ["own"]]
        await mailbox.replace("toy", 2, [])
        assert not await mailbox.add(step)
        assert len(mailbox) == 0

    asyncio.run(run())
