"""What is settled later: in the order it was sent, the oldest given up first."""

import asyncio

import pytest

from keeper.domain.chain import Timestamp
from keeper.engine.batch import Batch
from keeper.engine.settlements import Settlements
from tests.keeper.engine.fakes import EXECUTOR


def _batch(calldata: bytes) -> Batch:
    return Batch((), EXECUTOR, calldata, 0, Timestamp(0))


def test_the_oldest_comes_first_and_all_are_waited_for() -> None:
    async def run() -> list[bytes]:
        settlements, order = Settlements(), list[bytes]()
        settlements.add(_batch(b"1"))
        settlements.add(_batch(b"2"))
        waiting = asyncio.create_task(settlements.drained())
        while len(settlements):
            order.append((await settlements.take()).calldata)
            assert not waiting.done()
            settlements.done()
        await asyncio.wait_for(waiting, 1)
        return order

    assert asyncio.run(run()) == [b"1", b"2"]


@pytest.mark.parametrize(("every", "sample"), [(1, [0, 1, 2, 3, 4, 5, 6]), (2, [0, 2, 4, 6]), (3, [0, 3, 6])])
def test_a_sample_begins_with_the_first(every: int, sample: list[int]) -> None:
    async def run() -> list[int]:
        settlements = Settlements(every)
        for number in range(7):
            settlements.add(_batch(bytes([number])))
        return [(await settlements.take()).calldata[0] for _ in range(len(settlements))]

    assert asyncio.run(run()) == sample


def test_where_too_many_wait_the_oldest_are_given_up() -> None:
    async def run() -> tuple[bytes, int]:
        settlements = Settlements()
        for number in range(1_030):
            settlements.add(_batch(b"%d" % number))
        return (await settlements.take()).calldata, len(settlements)

    assert asyncio.run(run()) == (b"6", 1_023)
