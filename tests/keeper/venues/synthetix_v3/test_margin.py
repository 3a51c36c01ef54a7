"""The margin test, figure by figure as the contract computes it, and which test failed."""

from dataclasses import replace

import pytest

from keeper.domain.health import Breach
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import read_events as read
from keeper.venues.synthetix_v3.margin import discount, maintenance_margin_ratio, margin_of
from keeper.venues.synthetix_v3.reward import keeper_reward
from keeper.venues.synthetix_v3.state import CollateralConfiguration, CollateralReads, KeeperRewardGuards, MarketConfiguration
from tests.keeper.venues.synthetix_v3.books import ALICE, BOB, BTC, ETH, NO_CODE, SENDER, SETH, Desk, health, key_of, x18

GUARDS = KeeperRewardGuards(x18(1), x18(0.3), x18(30), x18(0.3), x18(0.0003))


@pytest.mark.parametrize(
    ("rewards", "cost", "margin", "expected"),
    [
        (0, 1, 1_000, 2),  # the cost and a dollar
        (0, 10, 1_000, 13),  # the cost and its profit
        (20, 1, 1_000, 21),  # the rewards and the cost
        (20, 1, 10, 3),  # not more than a share of the margin
        (40, 1, 1_000, 30),  # not more than the cap
        (40, 1, 0, 30),  # without margin only the cap holds
    ],
)
def test_a_reward_between_its_guards(rewards: float, cost: float, margin: float, expected: float) -> None:
    assert keeper_reward(GUARDS, x18(rewards), x18(cost), x18(margin)) == x18(expected)


def test_one_long_position() -> None:
    """Ten ETH at 2,500 of a skew scale of 15,000: 2 % of (0.28 + 1.16 · 10/15,000) and 15 USD, plus the reward."""
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.trade(ALICE, 10)
    desk.publish(ETH, 2_450)
    desk.read()
    margin = desk.health(ALICE)
    ratio = (x18(0.28) + 10 * 10**18 // 15_000 * 116 // 100) * 2 // 100
    assert maintenance_margin_ratio(x18(10), desk.market().configuration) == ratio
    # Flag reward 0.03 % of 24,500 (7.35) and one feed's flag (0.1) and a liquidation (0.15).
    assert margin == health(x18(500), 24_500 * ratio + x18(15) + x18(7.6), None)
    desk.publish(ETH, 2_415)
    desk.read()
    assert desk.health(ALICE).breach is Breach.POSITIONS


def test_equality_is_healthy() -> None:
    """PerpsAccount.isEligibleForLiquidation is strict."""
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.trade(ALICE, 10)
    desk.read()
    slack = desk.health(ALICE).equity.raw - desk.health(ALICE).requirement.raw
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, slack, NO_CODE, SENDER))
    desk.read()
    # The cap is a share of the collateral, so that less of it may change the reward as well; here it does not reach it.
    assert desk.health(ALICE).equity.raw == desk.health(ALICE).requirement.raw
    assert desk.health(ALICE).breach is None
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, 1, NO_CODE, SENDER))
    assert desk.health(ALICE).breach is Breach.POSITIONS


def test_a_haircut_between_its_limits() -> None:
    """Amount against skew scale, at least one percent, at most ten; none without a skew scale."""
    configuration = CollateralConfiguration(0, x18(0.1), x18(0.01), x18(1))
    synth = CollateralReads(x18(2_000), x18(500))
    amounts = ((1, 0.01), (20, 0.04), (200, 0.1))
    assert [discount(x18(amount), configuration, synth) for amount, _ in amounts] == [x18(one) for _, one in amounts]
    assert discount(x18(200), configuration, replace(synth, skew_scale=0)) == 0


def test_every_window_after_the_first_is_paid_for_in_advance() -> None:
    """The window takes (0.000001 + 0.0005) · 15,000 · 0.15 · 10 = 11.2725 ETH."""
    desk = Desk()
    desk.deposit(ALICE, 100_000)
    desk.trade(ALICE, 100)
    desk.read()
    margin = margin_of(desk.account(ALICE), desk.book, desk.now)
    assert margin is not None
    # 250,000 USD flag at more than the cap of 30; eight more windows at 0.15 and a dollar.
    assert margin.reward == x18(30) + 8 * x18(1.15)


def test_margin_without_positions() -> None:
    """Liquidatable when debt leaves less than the reward; never without debt."""
    desk = Desk()
    desk.deposit(ALICE, 1, SETH)
    desk.read()
    assert desk.health(ALICE) == health(x18(2_475), 0, None)
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, x18(2_473), NO_CODE, SENDER))
    # The reward: 0.03 % of 2,500 (0.75) and costs of 0.25, but at least 1.25.
    assert desk.health(ALICE) == health(x18(2), 0, None)
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, x18(0.75), NO_CODE, SENDER))
    assert desk.health(ALICE).breach is None
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, 1, NO_CODE, SENDER))
    assert desk.health(ALICE) == health(x18(1.25) - 1, 0, Breach.MARGIN_ONLY)


def test_flagged_stays_flagged() -> None:
    """Whatever its margin is, and without a price too."""
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.trade(ALICE, 3)
    desk.apply(log.AccountFlaggedForLiquidation(ALICE, 0, 0, 0, 0))
    desk.read()
    assert desk.health(ALICE).breach is Breach.FLAGGED
    desk.apply(read.MarketRead(ETH, desk.now, 0))
    assert desk.health(ALICE) == health(0, 0, Breach.FLAGGED)


def test_without_a_price_nobody_is_judged() -> None:
    """A market's, a collateral's, or the keeper's costs: the contract reverts too."""
    desk = Desk()
    desk.deposit(ALICE, 10)
    desk.trade(ALICE, 3)
    desk.deposit(BOB, 1, SETH)
    desk.read()
    assert desk.health(ALICE).breach is Breach.POSITIONS
    desk.apply(read.MarketRead(ETH, desk.now, 0), read.CollateralRead(SETH, desk.now, 0, 1))
    assert desk.health(ALICE) == desk.health(BOB) == health(0, 0, None)
    desk.read()
    desk.apply(read.KeeperCostsRead(desk.now, 0, ()))
    assert desk.health(ALICE) == health(0, 0, None)


def test_what_the_contract_told_of_a_position_counts_for_its_block_and_time_only() -> None:
    """A position whose funding is a guess."""
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.trade(ALICE, 1)
    desk.read()
    ours = desk.health(ALICE).equity.raw
    desk.apply(read.PositionRead(ALICE, ETH, desk.now, x18(-5)))
    assert desk.health(ALICE).equity.raw == ours - x18(5)
    desk.block()
    desk.read()
    assert desk.health(ALICE).equity.raw != ours - x18(5)


def test_funding_and_interest_over_a_day() -> None:
    """A long pays both; a short is paid the funding and owes interest all the same."""
    desk = Desk()
    for account_id, size in ((ALICE, 300), (BOB, -100)):
        desk.deposit(account_id, 100_000)
        desk.trade(account_id, size, rate=x18(0.1))
    desk.block(86_400)
    desk.read()
    reads = desk.book.reads[desk.now]
    # 200 of 15,000 at nine a day is 0.12 after a day, on average 0.06 of 2,500 USD.
    assert reads.markets[str(ETH)].next_funding == -x18(150) + 5_000
    interest = 10**17 * (86_400 * 10**18 // 31_557_600) // 10**18
    assert reads.next_interest == interest
    ours = desk.health(ALICE).equity.raw
    assert abs(ours - (x18(100_000) - 300 * x18(150) - 75_000 * interest)) < 10**7
    assert abs(desk.health(BOB).equity.raw - (x18(100_000) + 100 * x18(150) - 25_000 * interest)) < 10**7


def test_a_market_without_skew_scale_has_the_least_ratio() -> None:
    configuration = MarketConfiguration(minimum_initial_margin_ratio=x18(0.28), maintenance_margin_scalar=x18(0.5))
    assert maintenance_margin_ratio(x18(5), configuration) == x18(0.14)


def test_an_account_in_two_markets_needs_both() -> None:
    desk = Desk()
    desk.deposit(ALICE, 5_000)
    desk.trade(ALICE, 1)
    desk.trade(ALICE, -0.5, market_id=BTC)
    desk.read()
    margin = margin_of(desk.book.accounts[key_of(ALICE)], desk.book, desk.now)
    assert margin is not None
    assert margin.maintenance > x18(30)
    desk.publish(BTC, 69_000)
    desk.read()
    assert desk.health(ALICE).equity.raw == x18(500)
