"""Several awaitables at once: results in order, and a failure that keeps its own type."""

import asyncio

import pytest

from keeper.engine.gather import gather
from keeper.errors import BlockUnknown


async def _after(turns: int, value: int) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
    return value


async def _fails() -> int:
    raise BlockUnknown(-32_000, "header not found")


def test_results_come_in_the_order_of_the_work_whichever_ends_first() -> None:
    assert asyncio.run(gather(_after(5, 1), _after(0, 2), _after(2, 3))) == [1, 2, 3]


def test_nothing_to_do_gives_nothing() -> None:
    assert asyncio.run(gather()) == []


def test_the_first_failure_is_raised_as_itself_and_the_others_are_cancelled() -> None:
    ended: list[str] = []

    async def patient() -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return 0

    with pytest.raises(BlockUnknown):
        asyncio.run(gather(patient(), _fails()))
    assert ended == ["cancelled"]
