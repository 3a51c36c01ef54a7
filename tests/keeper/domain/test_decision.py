"""Act or leave it: every reason, and nothing but the figures."""

from dataclasses import replace

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.decision import Economics, Limits, Liquidate, Skip, candidate_id, decide, min_guard_change
from keeper.domain.fixed import X18
from keeper.domain.gas_price import GasPrice
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import LiquidationPlan
from keeper.domain.skip_reason import SkipReason

VICTIM = AccountKey("0x" + "11" * 20)
PLAN = LiquidationPlan(
    account=VICTIM,
    market="ETH",
    breach=Breach.POSITIONS,
    size_x18=4 * X18,
    notional=Usd18.of_units(10_000),
    expected_reward=Usd18.of_units(125),
    expected_cost=Usd18.of_units(15),
    capital=Usd18.of_units(1_000),
    gas_limit=4_500_000,
    calls=(),
    break_even=Usd18(-2),
)
GAS = Usd18.of_units(10)
PRICE = GasPrice(0, 10**11, 2_000 * X18)
RICH = Usd18.of_units(10**6)


def test_a_plan_that_pays_is_taken() -> None:
    """Reward less trading cost and gas is what counts."""
    choice = decide(PLAN, PRICE, GAS, RICH, Limits(Usd18.of_units(100)))
    assert choice == Liquidate(PLAN, Economics(Usd18.of_units(125), Usd18.of_units(25)), PRICE)
    assert isinstance(choice, Liquidate)
    assert choice.economics.profit == Usd18.of_units(100)


@pytest.mark.parametrize(
    ("limits", "free", "reason"),
    [
        (Limits(Usd18(100 * X18 + 1)), RICH, SkipReason.UNPROFITABLE),
        (Limits(ZERO_USD, min_notional=Usd18(10_000 * X18 + 1)), RICH, SkipReason.TOO_SMALL),
        (Limits(ZERO_USD, deny=frozenset({VICTIM})), RICH, SkipReason.DENIED),
        (Limits(ZERO_USD, allow=frozenset({AccountKey("somebody else")})), RICH, SkipReason.DENIED),
        (Limits(ZERO_USD), Usd18(1_000 * X18 - 1), SkipReason.NOT_ENOUGH_CAPITAL),
    ],
)
def test_every_limit_has_its_reason(limits: Limits, free: Usd18, reason: SkipReason) -> None:
    """One unit beyond each limit."""
    choice = decide(PLAN, PRICE, GAS, free, limits)
    assert isinstance(choice, Skip)
    assert choice.reason is reason
    assert choice.plan is PLAN


def test_no_profit_is_asked_of_a_plan_without_a_guard() -> None:
    """What it brings is not worth the executor can see; the other limits hold."""
    plan = replace(PLAN, guarded=False, expected_reward=ZERO_USD)
    assert isinstance(decide(plan, PRICE, GAS, RICH, Limits(Usd18.of_units(100))), Liquidate)
    assert isinstance(decide(plan, PRICE, GAS, RICH, Limits(ZERO_USD, deny=frozenset({VICTIM}))), Skip)
    assert min_guard_change(plan, Usd18.of_units(7)) == Usd18(-(2**255))


def test_the_executor_must_gain_the_wanted_profit_over_break_even() -> None:
    """Break-even plus so many USD."""
    assert min_guard_change(PLAN, Usd18.of_units(7)) == Usd18(7 * X18 - 2)
    assert min_guard_change(replace(PLAN, break_even=ZERO_USD), ZERO_USD) == ZERO_USD


def test_a_candidate_is_named_by_what_triggered_it() -> None:
    """The same for ever, and another for another block, chain, venue or account."""
    block = BlockRef(7, Hash32("0x" + "ab" * 32), Hash32("0x" + "cd" * 32), Timestamp(1))
    name = candidate_id(1, "perp_v2", VICTIM, block)
    assert name == candidate_id(1, "perp_v2", VICTIM, replace(block, number=8))
    others = {
        candidate_id(2, "perp_v2", VICTIM, block),
        candidate_id(1, "other", VICTIM, block),
        candidate_id(1, "perp_v2", AccountKey("x"), block),
        candidate_id(1, "perp_v2", VICTIM, replace(block, hash=Hash32("0x" + "ef" * 32))),
    }
    assert len(others) == 4
    assert name not in others
    assert len(name) == 16
