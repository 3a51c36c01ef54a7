"""When the operator's means are looked at: not of yesterday's blocks, and soon when his plans are refused."""

import asyncio

from keeper.domain.chain import BlockRef
from keeper.errors import RpcUnavailable
from keeper.execution.standing_watch import StandingWatch
from tests.keeper.chain.simulated import SimulatedNode


class _Check:
    """Says of every block what it was told to say."""

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)
        self.blocks: list[int] = []

    async def look(self, block: BlockRef) -> bool:
        self.blocks.append(block.number)
        return self._answers.pop(0) if self._answers else True


def _block(number: int) -> BlockRef:
    simulated = SimulatedNode()
    for _ in range(number):
        simulated.mine([0])
    return simulated.tip


def _watched(check: _Check, heads: list[int], followed: list[int], doubted: frozenset[int] = frozenset()) -> list[int]:
    """The blocks looked at when these blocks are followed while the chain's heads are `heads`."""
    place = dict(zip(followed, heads, strict=True))
    now = [0]

    async def newest() -> BlockRef:
        if place[now[0]] < 0:
            raise RpcUnavailable("nobody there")
        return _block(place[now[0]])

    async def run() -> None:
        watch = StandingWatch(check, newest)
        for block in followed:
            now[0] = block
            if block in doubted:
                watch.doubt()
            await watch.turn(block)

    asyncio.run(run())
    return check.blocks


def test_while_history_is_caught_up_with_the_newest_block_counts() -> None:
    """What was true at block 1 says nothing of block 60; from there on, every 50 blocks."""
    assert _watched(_Check(), [60, 60, 61, 110, 111], [1, 60, 61, 110, 111]) == [60, 110]


def test_while_the_operator_cannot_act_it_is_looked_at_more_often() -> None:
    assert _watched(_Check(False, True), [10, 14, 15, 16], [10, 14, 15, 16]) == [10, 15]


def test_a_refused_plan_is_a_reason_to_look() -> None:
    """But not one for every plan of a block."""
    assert _watched(_Check(), [10, 12, 15, 16, 20], [10, 12, 15, 16, 20], frozenset({12, 16})) == [10, 15, 20]


def test_an_outage_is_looked_at_again_soon() -> None:
    assert _watched(_Check(), [-1, 9, 10], [5, 9, 10]) == [10]


def test_while_a_book_is_rebuilt_the_look_is_put_off() -> None:
    """An empty book knows no markets, so nothing can be said of the rules they need; afterwards it is looked at as soon as may be."""
    check, unknown = _Check(), [True]

    async def newest() -> BlockRef:
        return _block(5)

    async def run() -> None:
        watch = StandingWatch(check, newest, lambda: unknown[0])
        await watch.turn(5)
        assert check.blocks == []
        unknown[0] = False
        await watch.turn(5)

    asyncio.run(run())
    assert check.blocks == [5]
