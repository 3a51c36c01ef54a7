"""Plans: one call, what it takes and what it pays by the contract's formula; and the reasons for none."""

import pytest

from keeper.domain.chain import Address, Timestamp
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import CallPurpose, LiquidationPlan, NoPlan, Until
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.domain.venue import Event
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3 import read_events as read
from keeper.venues.synthetix_v3.liquidation import GAS_FLAG, GAS_PER_FEED, GAS_PER_MARKET, WHOLE_ACCOUNT
from tests.keeper.venues.synthetix_v3.books import (
    ADDRESSES,
    ALICE,
    BOB,
    BTC,
    ENDORSED,
    ETH,
    EXECUTOR,
    NO_CODE,
    SENDER,
    SETH,
    Desk,
    key_of,
    x18,
)

WINDOW = x18(11.2725)
"""Of ETH."""


def _plan(desk: Desk, account_id: int = ALICE, *, used: Use = NOTHING, executor: Address = EXECUTOR) -> LiquidationPlan:
    plan = desk.venue.plan(key_of(account_id), desk.book, desk.now, executor, used)
    assert isinstance(plan, LiquidationPlan)
    return plan


def _reason(desk: Desk, account_id: int = ALICE, *, used: Use = NOTHING) -> NoPlan:
    reason = desk.venue.plan(key_of(account_id), desk.book, desk.now, EXECUTOR, used)
    assert isinstance(reason, NoPlan)
    return reason


def _large() -> Desk:
    """Thirty ETH long, more than two windows, and below water."""
    desk = Desk()
    desk.deposit(ALICE, 6_000)
    desk.trade(ALICE, 30)
    desk.block()
    desk.publish(ETH, 2_300)
    desk.read()
    return desk


def test_the_first_call_takes_a_window_and_pays_for_the_flag() -> None:
    desk = _large()
    plan = _plan(desk)
    assert (plan.market, plan.breach, plan.size_x18) == ("ETH", Breach.POSITIONS, WINDOW)
    assert plan.notional == Usd18(WINDOW * 2_300)
    # 0.03 % of 69,000 USD, a flag of one feed, a liquidation.
    assert plan.expected_reward == Usd18(x18(20.7) + x18(0.25))
    assert plan.capital == plan.expected_cost == ZERO_USD
    assert plan.use.base(str(ETH)) == WINDOW
    (call,) = plan.calls
    assert (call.target, call.purpose) == (ADDRESSES["perps_market"], CallPurpose.LIQUIDATE)
    assert call.calldata[4:] == ALICE.to_bytes(32, "big")


def test_later_windows_pay_their_cost_and_a_dollar() -> None:
    """Also for an account somebody else flagged: the book says flagged, and that is all."""
    desk = _large()
    desk.liquidate(ALICE, {ETH: 11.2725})
    desk.read()
    assert _reason(desk) == NoPlan(SkipReason.WAITING, "the windows of its markets are full", Until(time=Timestamp(desk.now + 10)))
    desk.block(10)
    desk.read()
    plan = _plan(desk)
    assert (plan.breach, plan.size_x18, plan.expected_reward) == (Breach.FLAGGED, WINDOW, Usd18(x18(1.15)))
    assert plan.gas_limit < _plan(_large()).gas_limit


def test_plans_before_it_use_the_window_up() -> None:
    """The flag is worth its reward even then; what is flagged must wait. In a later block than planned for the flag's call takes what has
    become free by then, so that is not there for others."""
    desk = _large()
    plan = _plan(desk, used=Use({str(ETH): WINDOW}))
    assert (plan.size_x18, plan.notional, plan.expected_reward) == (0, ZERO_USD, Usd18(x18(20.95)))
    assert plan.use.base(str(ETH)) == WINDOW
    desk.apply(log.AccountFlaggedForLiquidation(ALICE, 0, 0, 0, 0))
    desk.read()
    assert _reason(desk, used=Use({str(ETH): WINDOW})).reason is SkipReason.WAITING
    assert _plan(desk, used=Use({str(ETH): WINDOW - 5})).size_x18 == 5


def test_a_short_and_a_long_in_two_markets_are_one_call() -> None:
    """The market it is filed under is where most is taken."""
    desk = Desk()
    desk.deposit(ALICE, 2_000)
    desk.trade(ALICE, 1)
    desk.trade(ALICE, -0.4, market_id=BTC)
    desk.publish(BTC, 65_000)
    desk.read()
    plan = _plan(desk)
    assert (plan.market, plan.size_x18) == ("BTC", -x18(0.4))
    assert plan.notional == Usd18.of_units(28_500)
    assert plan.gas_limit == GAS_FLAG + GAS_PER_MARKET + 2 * GAS_PER_FEED
    assert plan.use.base_x18 == {str(ETH): x18(1), str(BTC): x18(0.4)}


def test_an_endorsed_liquidator_takes_all_and_gets_no_flag_reward() -> None:
    plan = _plan(_large(), executor=Address(ENDORSED))
    assert plan.size_x18 == x18(30)
    assert plan.expected_reward == Usd18(x18(1.25))


def test_margin_alone() -> None:
    desk = Desk()
    desk.deposit(BOB, 1, SETH)
    desk.apply(log.OrderCancelled(ETH, BOB, 0, 0, 0, x18(2_474), NO_CODE, SENDER))
    desk.read()
    plan = _plan(desk, BOB)
    assert (plan.market, plan.breach, plan.notional) == (WHOLE_ACCOUNT, Breach.MARGIN_ONLY, Usd18.of_units(2_500))
    # 0.03 % of 2,500 and costs of 0.25 are a dollar: less than a dollar above the costs.
    assert plan.expected_reward == Usd18(x18(1.25))
    assert plan.calls[0].purpose is CallPurpose.LIQUIDATE_COLLATERAL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (log.CollateralModified(ALICE, 0, x18(10_000), SENDER), SkipReason.NO_POSITION),
        (parameter.FeatureFlagDenyAllSet("0x" + b"perpsSystem".ljust(32, b"\0").hex(), True), SkipReason.MARKET_NOT_OPEN),
        (parameter.FeatureFlagAllowAllSet("0x" + b"perpsSystem".ljust(32, b"\0").hex(), False), SkipReason.MARKET_NOT_OPEN),
    ],
)
def test_reasons_for_no_plan(change: Event, reason: SkipReason) -> None:
    desk = _large()
    desk.apply(change)
    assert _reason(desk).reason is reason


def test_a_flagged_account_waits_for_a_price() -> None:
    desk = _large()
    desk.apply(log.AccountFlaggedForLiquidation(ALICE, 0, 0, 0, 0), read.MarketRead(ETH, desk.now, 0))
    assert _reason(desk).reason is SkipReason.PRICE_UNAVAILABLE


def test_nothing_is_taken_over() -> None:
    desk = _large()
    assert desk.venue.unwind(EXECUTOR, desk.book, desk.now, NOTHING) is None
    assert desk.venue.free_capital(EXECUTOR, desk.book, desk.now) == ZERO_USD
    assert desk.venue.pay_in(desk.book, EXECUTOR, Usd18.of_units(1)) == desk.venue.pay_out(desk.book, Usd18.of_units(1)) == ()
