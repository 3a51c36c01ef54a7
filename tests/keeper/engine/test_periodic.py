"""The clock only gives the beat: work runs in the caller's task, and what it raises is the caller's."""

import asyncio

import pytest

from keeper.engine.periodic import every
from keeper.errors import StoreError


def test_work_is_repeated_until_cancelled() -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(len(runs))
        if len(runs) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(every(0.01, work))
    assert runs == [0, 1, 2]


def test_a_failure_ends_it_and_is_not_merely_logged() -> None:
    async def work() -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        asyncio.run(every(0.01, work))


def test_slow_work_swallows_the_ticks_it_missed_and_never_overlaps_itself() -> None:
    running = 0
    most = 0
    runs = 0

    async def work() -> None:
        nonlocal running, most, runs
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        runs += 1

    async def run() -> None:
        beat = asyncio.ensure_future(every(0.01, work))
        await asyncio.sleep(0.3)
        beat.cancel()

    asyncio.run(run())
    assert most == 1
    assert 1 <= runs <= 6, "thirty ticks, but five runs fit"


def test_one_tick_is_one_run() -> None:
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)

    async def run() -> None:
        beat = asyncio.ensure_future(every(0.05, work))
        await asyncio.sleep(0.28)
        beat.cancel()

    asyncio.run(run())
    assert 1 <= runs <= 5
