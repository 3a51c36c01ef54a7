"""The replay rules, one by one."""

import copy
from collections.abc import Callable, Mapping

import pytest

from keeper.domain.fixed import Q96, X18
from keeper.errors import StateDivergence
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.state import Account, Status
from tests.keeper.venues.perp_v2.books import ALICE, BOB, BTC, ETH, FUND, USDC, WETH, Desk, sqrt_of


def test_size_adds_up_and_open_notional_is_replaced() -> None:
    """PositionChanged tells the change of one and the new value of the other."""
    desk = Desk()
    desk.trade(ALICE, 4, -10_000, open_notional=-10_010)
    desk.trade(ALICE, -1, 2_600, open_notional=-7_500)
    position = desk.book.accounts[ALICE].positions[ETH]
    assert (position.size, position.open_notional) == (3 * X18, -7_500 * X18)


@pytest.mark.parametrize(("left", "is_kept"), [(9, False), (-9, False), (10, True)])
def test_dust_without_orders_is_deleted(left: int, is_kept: bool) -> None:
    """AccountBalance._deregisterBaseToken: below 10 wei of both size and notional."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.trade(ALICE, 4, -10_000)
    desk.apply(log.PositionChanged(ALICE, ETH, left - 4 * X18, 10_000 * X18, 1, 0, 0, sqrt_of(2_500)))
    assert (ETH in desk.book.accounts[ALICE].positions) is is_kept


def test_dust_with_notional_stays() -> None:
    """Either figure keeps the entry."""
    desk = Desk()
    desk.apply(log.PositionChanged(ALICE, ETH, 3, 0, 1, -10, 0, sqrt_of(2_500)))
    assert desk.book.accounts[ALICE].positions[ETH].open_notional == -10


def test_dust_with_orders_goes_with_the_last_order() -> None:
    """removeLiquidity tells its PositionChanged before its LiquidityChanged."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.order(ALICE, 78_000, 79_000, 10**18, 500, 700)
    desk.apply(log.PositionChanged(ALICE, ETH, 2, -3, 0, 0, 0, sqrt_of(2_500)))
    assert desk.book.accounts[ALICE].positions[ETH].size == 2
    desk.order(ALICE, 78_000, 79_000, -(10**18), 500, 700)
    assert desk.book.accounts[ALICE].positions == {}
    assert (desk.book.markets[ETH].long_x18, desk.book.markets[ETH].short_x18) == (0, 0)


def test_withdrawing_settlement_token_settles_pnl_floored() -> None:
    """owedRealizedPnl joins the balance rounded down, also when negative, before the amount leaves; nothing says so but Withdrawn."""
    desk = Desk()
    desk.deposit(ALICE, 100)
    desk.apply(log.PnlRealized(ALICE, -1))
    desk.apply(log.Withdrawn(USDC, ALICE, 10 * 10**6))
    account = desk.book.accounts[ALICE]
    assert (account.balance_raw, account.owed_x18) == (90 * 10**6 - 1, 0)


def test_withdrawing_another_token_leaves_pnl_alone() -> None:
    """Only the settlement token takes the realised pnl along."""
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 5), log.PnlRealized(ALICE, 7), log.Withdrawn(WETH, ALICE, 2))
    account = desk.book.accounts[ALICE]
    assert (account.owed_x18, account.collateral) == (7, {WETH: 3})


def test_withdrawing_settles_funding_in_every_market() -> None:
    """Vault._settleAndDecreaseBalance calls settleAllFunding; a payment of zero has no event."""
    desk = Desk()
    desk.deposit(ALICE, 100)
    desk.trade(ALICE, 1, -2_500)
    desk.apply(read.MarketGrowthRead(ETH, 123))
    desk.apply(log.Withdrawn(USDC, ALICE, 1))
    assert desk.book.accounts[ALICE].positions[ETH].growth_x96 == 123


@pytest.mark.parametrize("event", ["trade", "order", "payment"])
def test_growth_catches_up_with_every_settlement(event: str) -> None:
    """PositionChanged, LiquidityChanged and FundingPaymentSettled all come after a settlement of the pair."""
    desk = Desk()
    desk.trade(ALICE, 1, -2_500)
    desk.order(ALICE, 78_000, 79_000, 10**18, 1, 1)
    desk.apply(read.MarketGrowthRead(ETH, -55))
    happen: Mapping[str, Callable[[], object]] = {
        "trade": lambda: desk.trade(ALICE, 1, -2_500),
        "order": lambda: desk.order(ALICE, 78_000, 79_000, 0, 0, 0),
        "payment": lambda: desk.apply(log.FundingPaymentSettled(ALICE, ETH, 9)),
    }
    happen[event]()
    assert desk.book.accounts[ALICE].positions[ETH].growth_x96 == -55


def test_orders_add_up_and_shrink_by_floored_shares() -> None:
    """OrderBook._removeLiquidityFromOrder takes floor(debt * removed / liquidity)."""
    desk = Desk()
    desk.order(ALICE, 78_000, 79_000, 10, 100, 7)
    desk.order(ALICE, 78_000, 79_000, 20, 11, 6)
    desk.order(ALICE, 78_000, 79_000, -7, 999, 999)
    order = desk.book.accounts[ALICE].positions[ETH].orders[(78_000, 79_000)]
    assert (order.liquidity, order.base_debt, order.quote_debt) == (23, 111 - 111 * 7 // 30, 13 - 13 * 7 // 30)
    assert order.sqrt_lower_x96 == ticks.sqrt_price_at(78_000)


def test_collecting_fees_changes_no_debt() -> None:
    """A change of zero liquidity; of a range one never had it is nothing at all."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.order(ALICE, 78_000, 79_000, 10, 100, 7)
    before = desk.book.accounts[ALICE].positions[ETH].orders
    desk.order(ALICE, 78_000, 79_000, 0, 0, 0)
    desk.order(ALICE, 60_000, 61_000, 0, 0, 0)
    assert desk.book.accounts[ALICE].positions[ETH].orders == before


def test_taking_away_what_was_never_added_is_divergence() -> None:
    """A missed log must not pass for a negative order."""
    with pytest.raises(StateDivergence, match="not in the book"):
        Desk().order(ALICE, 78_000, 79_000, -1, 0, 0)


def test_bad_debt_moves_between_trader_and_fund() -> None:
    """Vault.settleBadDebt."""
    desk = Desk()
    desk.deposit(FUND, 50)
    desk.apply(log.PnlRealized(ALICE, -20 * X18), log.BadDebtSettled(ALICE, 20 * 10**6))
    assert desk.book.accounts[ALICE] == Account(20 * 10**6, -20 * X18)
    assert desk.book.accounts[FUND].balance_raw == 30 * 10**6


def test_sold_collateral_repays_and_feeds_the_fund() -> None:
    """Vault._liquidateCollateral; the last token of an account leaves its list."""
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 5))
    touched = desk.apply(log.CollateralLiquidated(ALICE, WETH, BOB, 5, 97, 3, 100_000))
    assert desk.book.accounts[ALICE] == Account(balance_raw=97)
    assert desk.book.accounts[FUND].balance_raw == 3
    assert touched == {ALICE}


def test_a_closed_market_takes_the_position_with_it() -> None:
    """AccountBalance.settlePositionInClosedMarket; the pnl came before as PnlRealized."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.trade(ALICE, 2, -5_000)
    desk.apply(log.PositionClosed(ALICE, ETH, 2 * X18, 4_000 * X18, -5_000 * X18, -1_000 * X18, 2_000 * X18))
    assert desk.book.accounts[ALICE].positions == {}
    assert desk.book.markets[ETH].long_x18 == 0
    with pytest.raises(StateDivergence, match="not in the book"):
        desk.apply(log.PositionClosed(BOB, ETH, 1, 1, 1, 1, 1))


def test_an_account_with_nothing_at_stake_leaves_the_book() -> None:
    """Deposited, withdrawn, gone."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.apply(log.Withdrawn(USDC, ALICE, 10**6))
    assert desk.book.account_keys() == set()


def test_open_interest_follows_sizes() -> None:
    """Through zero and back to nothing."""
    desk = Desk()
    desk.trade(ALICE, 4, -10_000)
    desk.trade(BOB, -1, 2_500)
    desk.trade(ALICE, -6, 15_000)
    market = desk.book.markets[ETH]
    assert (market.long_x18, market.short_x18) == (0, 3 * X18)


def test_growth_is_premium_times_seconds() -> None:
    """Exchange._getFundingGrowthGlobalAndTwaps, from the tick behind the rounded TWAP; the first settlement only starts the clock."""
    desk = Desk()
    desk.trade(ALICE, 1, -2_500)
    market_twap, index_twap = ticks.price_x18_of(ticks.sqrt_price_at(78_300)), 2_500 * X18
    desk.apply(log.FundingUpdated(ETH, market_twap, index_twap))
    assert desk.book.markets[ETH].growth_x96 == 0
    desk.block(desk.now + 1_000)
    desk.apply(log.FundingUpdated(ETH, market_twap, index_twap))
    exact = ticks.price_x96_of(ticks.sqrt_price_at(78_300)) - index_twap * Q96 // X18
    assert desk.book.markets[ETH].growth_x96 == exact * 1_000
    assert desk.book.markets[ETH].travelled_x96 == abs(exact) * 1_000


def test_premium_is_clamped_both_ways() -> None:
    """To maxFundingRate of the index TWAP, 10 %."""
    desk = Desk()
    desk.trade(ALICE, 1, -2_500)
    desk.apply(log.FundingUpdated(ETH, 1, 1))
    desk.block(desk.now + 1_000)
    desk.apply(log.FundingUpdated(ETH, 9_000 * X18, 2_000 * X18))
    assert desk.book.markets[ETH].growth_x96 == 200 * Q96 * 1_000
    desk.block(desk.now + 500)
    desk.apply(log.FundingUpdated(ETH, 1, 2_000 * X18))
    assert desk.book.markets[ETH].growth_x96 == 200 * Q96 * 500
    assert desk.book.markets[ETH].travelled_x96 == 200 * Q96 * 1_500


def test_funding_stands_still_while_a_market_is_paused() -> None:
    """It is settled up to the pause, then no more."""
    desk = Desk()
    desk.trade(ALICE, 1, -2_500)
    desk.apply(log.FundingUpdated(ETH, 1, 1))
    stopped = desk.now + 100
    desk.block(desk.now + 1_000)
    desk.market(status=Status.PAUSED, stopped_at=stopped, stopped_price_x18=2_400 * X18)
    desk.apply(log.FundingUpdated(ETH, 9_000 * X18, 2_000 * X18))
    assert desk.book.markets[ETH].growth_x96 == 200 * Q96 * 100
    assert desk.book.markets[ETH].settled_at == stopped


def test_the_tick_of_price_limits_moves_every_15_seconds() -> None:
    """Exchange.settleFunding keeps the tick before the trade, at most every 15 s."""
    desk = Desk()
    desk.trade(ALICE, 1, -2_500, price=2_500)
    desk.apply(log.FundingUpdated(ETH, 1, 1))
    desk.trade(ALICE, 1, -2_600, price=2_600)
    desk.block(desk.now + 14)
    desk.apply(log.FundingUpdated(ETH, 1, 1))
    assert desk.book.markets[ETH].last_tick == ticks.tick_at(sqrt_of(2_500))
    desk.block(desk.now + 1)
    desk.apply(log.FundingUpdated(ETH, 1, 1))
    assert desk.book.markets[ETH].last_tick == ticks.tick_at(sqrt_of(2_600))


def test_parameters_follow_their_events_and_concern_everybody() -> None:
    """Config, collateral, and one trader's own threshold."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.deposit(BOB, 1)
    assert desk.apply(log.ConfigChanged("mm_ratio_buffer", 5_000)) == {ALICE, BOB}
    assert desk.apply(log.CollateralConfigChanged("collateral_ratio", WETH, 700_000)) == {ALICE, BOB}
    assert desk.apply(log.MarketConfigChanged("exchange_fee_ratio", ETH, 2_000)) == set()
    assert desk.apply(log.WhitelistedDebtThresholdChanged(ALICE, 77)) == {ALICE}
    desk.apply(log.PriceFeedChanged(WETH, "0x" + "99" * 20))
    given = desk.book.globals["parameters"]
    assert given.config.mm_ratio_buffer == 5_000
    assert (given.collaterals[WETH].collateral_ratio, given.collaterals[WETH].feed_decimals) == (700_000, None)
    assert desk.book.markets[ETH].exchange_fee_ratio == 2_000
    assert desk.book.accounts[ALICE].debt_threshold_raw == 77


def test_a_market_nobody_added_stops_the_venue() -> None:
    """The history starts too late: say so, and what to set."""
    with pytest.raises(StateDivergence, match=r"start_block"):
        Desk().trade(ALICE, 1, -1, base=BTC)


def test_a_late_snapshot_keeps_what_the_logs_brought() -> None:
    """Collaterals are known from events only."""
    desk = Desk()
    desk.apply(read.ConfigRead(USDC, 6, tuple(range(15))))
    assert WETH in desk.book.globals["parameters"].collaterals
    assert desk.book.globals["parameters"].config.im_ratio == 0


def test_rollback_undoes_every_event() -> None:
    """A block with one of everything, undone, leaves the book as it was."""
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.deposit(FUND, 1_000)
    desk.apply(log.Deposited(WETH, ALICE, 10**18))
    desk.trade(ALICE, 1, -2_500)
    desk.order(ALICE, 78_000, 79_000, 10**18, 5, 5)
    desk.market()
    before = _contents(desk)
    desk.block()
    desk.apply(log.FundingUpdated(ETH, 2_600 * X18, 2_500 * X18), log.PnlRealized(ALICE, -5), log.FundingPaymentSettled(ALICE, ETH, 5))
    desk.trade(ALICE, -3, 7_500)
    desk.trade(BOB, 2, -5_000)
    desk.order(ALICE, 78_000, 79_000, -(10**18), 5, 5)
    desk.apply(log.BadDebtSettled(BOB, 3), log.CollateralLiquidated(ALICE, WETH, BOB, 10**17, 9, 1, 100_000))
    desk.apply(log.Withdrawn(USDC, ALICE, 1), log.ConfigChanged("vault_paused", 1), log.PoolAdded(BTC, 10_000, "0x" + "88" * 20))
    desk.market(2_600)
    desk.collateral()
    desk.apply(read.MakerRead(ALICE, desk.now, 1, 2), read.InsuranceFundRead(desk.now, 5))
    assert _contents(desk) != before
    touched = desk.book.rollback(desk.number - 1)
    assert _contents(desk) == before
    assert {ALICE, FUND} <= touched


def _contents(desk: Desk) -> Mapping[str, object]:
    book = desk.book
    return copy.deepcopy(
        {
            "accounts": dict(book.accounts),
            "markets": dict(book.markets),
            "globals": dict(book.globals),
            "reads": dict(book.reads),
            "moment": book.moment,
        }
    )
