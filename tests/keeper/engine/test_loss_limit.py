"""A day's losses are the sum of what stands in the chain's blocks and is less than a day old."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fixed import X18
from keeper.domain.result import Result
from keeper.engine.loss_limit import LossLimit
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.results import SECOND_US, result

DAY = 86_400
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("result"), st.integers(0, 5), st.integers(0, 3), st.integers(-60, 40)),
        st.tuples(st.just("reorg"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, DAY)),
    ),
    max_size=40,
)
"""A result of one of six transactions in one of four blocks, worth so many USD; a block that goes; time that passes."""


@dataclass
class World:
    """A clock."""

    now: float = 10.0 * DAY
    limit: LossLimit = field(init=False)

    def __post_init__(self) -> None:
        self.limit = LossLimit(100 * X18, lambda: self.now)


@given(STEPS)
def test_it_is_closed_exactly_while_more_than_the_limit_is_lost(steps: list[tuple[Any, ...]]) -> None:
    world = World()
    told: dict[str, Result] = {}
    for kind, *numbers in steps:
        if kind == "result":
            item = result(numbers[0], "included", block_ref(numbers[1]), usd=numbers[2], at_s=world.now)
            told[item.transaction_hash] = item
            world.limit.take([item])
        elif kind == "reorg":
            told = {name: item for name, item in told.items() if item.block_hash != block_ref(numbers[0]).hash}
            world.limit.reverted([block_ref(numbers[0])])
        else:
            world.now += numbers[0]
        lost = -sum(item.change_x18 for item in told.values() if item.at_us >= (world.now - DAY) * SECOND_US)
        assert (world.limit.problem() is not None) == (lost > 100 * X18)


def test_it_says_how_much_and_how_to_go_on() -> None:
    world = World()
    for number, usd in ((1, -150), (2, 20)):
        world.limit.take([result(number, "included", block_ref(1), usd=usd, at_s=world.now)])
    assert (world.limit.problem() or "").startswith("130.00 USD lost within 24 hours by 2 attempts, the limit is 100.00 USD")


def test_without_a_limit_nothing_is_too_much() -> None:
    limit = LossLimit(0, lambda: 0.0)
    limit.take([result(1, "reverted", block_ref(1), usd=-(10**9))])
    assert limit.problem() is None
