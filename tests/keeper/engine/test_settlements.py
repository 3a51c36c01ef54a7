"""What is settled later: in the order it was sent, the oldest given up first."""

import asyncio
from typing import cast

from keeper.domain.decision import Decision
from keeper.engine.settlements import Settlements

CASE = cast(Decision, None)  # it is handed on, never looked at


def test_the_oldest_comes_first_and_all_are_waited_for() -> None:
    async def run() -> list[bytes]:
        settlements, order = Settlements(), list[bytes]()
        settlements.add(CASE, b"1")
        settlements.add(CASE, b"2")
        waiting = asyncio.create_task(settlements.drained())
        while len(settlements):
            order.append((await settlements.take()).calldata)
            assert not waiting.done()
            settlements.done()
        await asyncio.wait_for(waiting, 1)
        return order

    assert asyncio.run(run()) == [b"1", b"2"]


def test_where_too_many_wait_the_oldest_are_given_up() -> None:
    async def run() -> tuple[bytes, int]:
        settlements = Settlements()
        for number in range(1_030):
            settlements.add(CASE, b"%d" % number)
        return (await settlements.take()).calldata, len(settlements)

    assert asyncio.run(run()) == (b"6", 1_023)
