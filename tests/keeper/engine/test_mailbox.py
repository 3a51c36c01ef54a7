"""Only the newest block's cases count, the most urgent first, and `drained` means worked off."""

import asyncio

from keeper.engine.mailbox import Mailbox
from tests.keeper.engine.cases import case_of


def _accounts(mailbox: Mailbox) -> list[str]:
    return [case.candidate.account for case in asyncio.run(mailbox.take_round())]


def test_the_overdue_come_before_the_fresh_and_then_the_more_profitable() -> None:
    mailbox = Mailbox()
    cases = [case_of("poor", reward=2), case_of("rich", reward=9), case_of("late", reward=2, blocks_breached=2), case_of("seen", reward=5)]
    mailbox.replace(7, cases)
    assert _accounts(mailbox) == ["late", "rich", "seen", "poor"]


def test_one_block_late_is_not_yet_overdue() -> None:
    mailbox = Mailbox()
    mailbox.replace(7, [case_of("once", reward=2, blocks_breached=1), case_of("rich", reward=9)])
    assert _accounts(mailbox) == ["rich", "once"]


def test_a_new_block_replaces_what_nobody_took_and_gives_it_back() -> None:
    mailbox = Mailbox()
    assert mailbox.replace(7, [case_of("a"), case_of("b")]) == []
    left_over = mailbox.replace(8, [case_of("c")])
    assert {case.candidate.account for case in left_over} == {"a", "b"}
    assert (len(mailbox), mailbox.newest_block) == (1, 8)
    assert _accounts(mailbox) == ["c"]


def test_taking_waits_for_a_case_and_a_block_without_one_does_not_end_the_wait() -> None:
    async def run() -> list[str]:
        mailbox = Mailbox()
        taking = asyncio.ensure_future(mailbox.take_round())
        await asyncio.sleep(0)
        mailbox.replace(7, ())
        await asyncio.sleep(0)
        assert not taking.done()
        mailbox.replace(8, [case_of("a")])
        return [case.candidate.account for case in await taking]

    assert asyncio.run(run()) == ["a"]


def test_drained_means_worked_off_and_not_only_taken() -> None:
    async def run() -> None:
        mailbox = Mailbox()
        await asyncio.wait_for(mailbox.drained(), 1)
        mailbox.replace(7, [case_of("a")])
        await mailbox.take_round()
        drained = asyncio.ensure_future(mailbox.drained())
        await asyncio.sleep(0)
        assert not drained.done(), "the round is taken, but its work goes on"
        waiting = asyncio.ensure_future(mailbox.take_round())
        await asyncio.wait_for(drained, 1)
        waiting.cancel()

    asyncio.run(run())


def test_cases_orphaned_before_anybody_took_them_do_not_keep_the_daemon_from_stopping() -> None:
    async def run() -> None:
        mailbox = Mailbox()
        working = asyncio.ensure_future(mailbox.take_round())
        await asyncio.sleep(0)
        mailbox.replace(7, [case_of("a")])
        mailbox.replace(6, ())
        await asyncio.wait_for(mailbox.drained(), 1)
        assert not working.done()
        working.cancel()

    asyncio.run(run())
