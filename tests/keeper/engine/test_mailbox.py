"""Only the newest block's cases count, the most urgent first, no account twice at a time, and `drained` means worked off."""

import asyncio
from dataclasses import replace

from keeper.domain.decision import LEAST_URGENT, Decision
from keeper.engine.mailbox import Mailbox
from tests.keeper.engine.decided import decision_of


def _order(*cases: Decision) -> list[str]:
    """The accounts in the order one worker gets them."""

    async def run() -> list[str]:
        mailbox = Mailbox()
        await mailbox.replace("toy", 7, cases)
        return [(await mailbox.take()).candidate.account for _ in cases]

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
        mailbox = Mailbox()
        assert await mailbox.replace("toy", 7, [decision_of("a"), decision_of("b")]) == []
        left_over = await mailbox.replace("toy", 8, [decision_of("c")])
        assert {case.candidate.account for case in left_over} == {"a", "b"}
        assert (len(mailbox), mailbox.newest_block) == (1, 8)
        assert (await mailbox.take()).candidate.account == "c"

    asyncio.run(run())


def test_taking_waits_for_a_case_and_a_block_without_one_does_not_end_the_wait() -> None:
    async def run() -> str:
        mailbox = Mailbox()
        taking = asyncio.ensure_future(mailbox.take())
        await asyncio.sleep(0)
        await mailbox.replace("toy", 7, ())
        await asyncio.sleep(0)
        assert not taking.done()
        await mailbox.replace("toy", 8, [decision_of("a")])
        return (await taking).candidate.account

    assert asyncio.run(run()) == "a"


def test_an_account_being_worked_on_is_not_given_to_a_second_worker() -> None:
    async def run() -> None:
        mailbox = Mailbox()
        await mailbox.replace("toy", 7, [decision_of("a")])
        first = await mailbox.take()
        await mailbox.replace("toy", 8, [decision_of("a"), decision_of("b")])
        assert (await mailbox.take()).candidate.account == "b"
        second = asyncio.ensure_future(mailbox.take())
        await asyncio.sleep(0)
        assert not second.done()
        await mailbox.done(first)
        assert (await second).candidate.account == "a"

    asyncio.run(run())


def test_drained_means_worked_off_and_not_only_taken() -> None:
    async def run() -> None:
        mailbox = Mailbox()
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
        mailbox = Mailbox()
        await mailbox.replace("toy", 7, [decision_of("a")])
        await mailbox.replace("toy", 6, ())
        await asyncio.wait_for(mailbox.drained(), 1)

    asyncio.run(run())


def test_one_more_of_the_newest_block_comes_last_and_one_of_an_older_block_not_at_all() -> None:
    async def run() -> None:
        mailbox = Mailbox()
        step = replace(decision_of("own"), urgency=LEAST_URGENT)
        await mailbox.replace("toy", 1, [decision_of("poor", reward=1)])
        assert await mailbox.add(step)
        assert [(await mailbox.take()).candidate.account for _ in range(2)] == ["poor", "own"]
        await mailbox.replace("toy", 2, [])
        assert not await mailbox.add(step)
        assert len(mailbox) == 0

    asyncio.run(run())
