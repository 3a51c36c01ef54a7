"""The margin test in the contract's own rounding, and which test failed."""

import pytest

from keeper.domain.fixed import X18
from keeper.domain.health import Breach, Health
from keeper.domain.money import ZERO_USD, Usd18
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2.margin import collateral_worth, free_collateral
from keeper.venues.perp_v2.state import Collateral
from tests.keeper.venues.perp_v2.books import ALICE, ETH, EXECUTOR, WETH, Desk, sqrt_of


def _health(desk: Desk) -> Health:
    return desk.venue.health(ALICE, desk.book, desk.now)


def test_account_value_is_floored_to_settlement_units() -> None:
    """Vault.getAccountValue rounds down, below zero too."""
    desk = Desk()
    desk.apply(log.PnlRealized(ALICE, -1))
    desk.market()
    assert _health(desk) == Health(Usd18(-(10**12)), Usd18(0), None)


def test_a_long_below_its_requirement() -> None:
    """10,000 USD long with 500 USD: 5 % is under 6.25 %."""
    desk = Desk()
    desk.deposit(ALICE, 500)
    desk.trade(ALICE, 4, -10_000)
    desk.market(2_500)
    health = _health(desk)
    price = desk.book.reads[desk.now].markets[ETH].price_x18
    assert health.requirement.raw == 4 * price * 62_500 // 10**6
    assert health.equity.raw == (500 * X18 + 4 * price - 10_000 * X18) // 10**12 * 10**12
    assert health.breach is Breach.POSITIONS
    desk.deposit(ALICE, 126)
    assert _health(desk).breach is None


def test_equality_is_healthy() -> None:
    """ClearingHouse._isLiquidatable is strict."""
    desk = Desk()
    desk.trade(ALICE, 4, -10_000)
    desk.market(status=1, stopped_at=1, stopped_price_x18=2_500 * X18)
    desk.apply(log.PnlRealized(ALICE, 625 * X18))
    assert _health(desk) == Health(Usd18(625 * X18), Usd18(625 * X18), None)
    desk.apply(log.PnlRealized(ALICE, -1))
    assert _health(desk).breach is Breach.POSITIONS


def test_debt_without_a_position_is_nobodys_liquidation() -> None:
    """CH_PSZ: there is nothing to take over."""
    desk = Desk()
    desk.apply(log.PnlRealized(ALICE, -5 * X18))
    desk.market()
    assert _health(desk).breach is None


@pytest.mark.parametrize(
    ("owed", "price", "threshold", "breach"),
    [
        (-601, 1_000, 0, Breach.COLLATERAL),
        (-600, 1_000, 0, None),
        (-751, 1_250, 0, Breach.COLLATERAL),
        (-749, 1_250, 0, None),
        (-101, 2_500, 100, Breach.COLLATERAL),
        (-100, 2_500, 100, None),
    ],
)
def test_collateral_goes_before_positions(owed: int, price: int, threshold: int, breach: Breach | None) -> None:
    """Vault.isLiquidatable: debt above 75 % of the collateral's value, or above the account's own threshold. One WETH at 80 %."""
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 10**18), log.PnlRealized(ALICE, owed * X18))
    desk.apply(log.WhitelistedDebtThresholdChanged(ALICE, threshold * 10**6))
    desk.market()
    desk.collateral(price)
    assert _health(desk).breach is breach


def test_the_buffer_makes_collateral_liquidatable_earlier() -> None:
    """6.45 % against 6.25 %."""
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 10**16))
    desk.trade(ALICE, 4, -10_000)
    desk.market(status=1, stopped_at=1, stopped_price_x18=2_500 * X18)
    desk.collateral(2_500)
    desk.apply(log.PnlRealized(ALICE, 624 * X18))
    assert _health(desk).breach is Breach.COLLATERAL
    desk.apply(log.PnlRealized(ALICE, 2 * X18))
    assert _health(desk).breach is None
    desk.apply(log.PnlRealized(ALICE, -22 * X18))
    assert _health(desk).breach is Breach.POSITIONS


def test_without_a_price_nobody_can_act() -> None:
    """The contract reverts; the account is looked at again in the next block."""
    desk = Desk()
    desk.trade(ALICE, 4, -10_000)
    desk.market(long_twap_x96=0)
    assert _health(desk) == Health(Usd18(0), Usd18(0), None)
    box = desk.venue.watch_box(ALICE, desk.book, desk.now)
    assert (box.bounds, box.valid_until) == ({}, desk.now)
    assert desk.venue.markets(desk.book, desk.now) == []


def test_a_makers_fee_and_funding_are_those_of_the_block_and_time() -> None:
    """An inspection of an earlier block is not mistaken for this one's; before a new one came it is the best there is."""
    desk = Desk()
    desk.deposit(ALICE, 100)
    desk.order(ALICE, 78_000, 79_000, 10**18, 0, 0)
    desk.market(1)
    base = _health(desk).equity.raw
    desk.apply(read.MakerRead(ALICE, desk.now, 7 * X18, 2 * X18), read.MakerRead(ALICE, desk.now + 12, 9 * X18, 2 * X18))
    assert _health(desk).equity.raw == base + 5 * X18
    desk.market(1, at=desk.now + 12)
    ahead = desk.now + 12
    assert desk.venue.health(ALICE, desk.book, type(desk.now)(ahead)).equity.raw == base + 7 * X18
    desk.block()
    desk.market(1)
    assert _health(desk).equity.raw == base + 7 * X18
    desk.apply(read.MakerRead(ALICE, desk.now, 0, 0))
    assert _health(desk).equity.raw == base


@pytest.mark.parametrize(
    ("amount", "price", "decimals", "feed", "worth"),
    [
        (10**18, 2_500 * 10**8, 18, 8, 2_500 * X18),
        (10**8, 60_000 * 10**8, 8, 8, 60_000 * X18),
        (10**20, 3, 20, 0, 3 * X18),
        (99, 3, 20, 0, 2),
        (1, 1, 18, 8, 0),
    ],
)
def test_collateral_is_worth_its_floored_price(amount: int, price: int, decimals: int, feed: int, worth: int) -> None:
    """Vault._getSettlementByCollateral, also for tokens of more than 18 decimals."""
    assert collateral_worth(amount, price, Collateral(0, 0, "", decimals, feed)) == worth


def test_free_collateral_counts_losses_but_no_gains() -> None:
    """Vault._getFreeCollateralByRatio: min(collateral, account value) less 10 % of the debt."""
    desk = Desk()
    desk.deposit(ALICE, 2_000)
    desk.trade(ALICE, 4, -10_000)
    desk.market(status=1, stopped_at=1, stopped_price_x18=3_000 * X18)
    assert free_collateral(desk.book.accounts[ALICE], desk.book, desk.now, 100_000) == 1_000 * X18
    desk.market(status=1, stopped_at=1, stopped_price_x18=2_400 * X18)
    assert free_collateral(desk.book.accounts[ALICE], desk.book, desk.now, 100_000) == 600 * X18
    assert desk.venue.free_capital(EXECUTOR, desk.book, desk.now) == ZERO_USD


def test_the_mark_is_the_median_of_three() -> None:
    """Short TWAP, long TWAP, index with premium: the middle one, whatever the order."""
    desk = Desk()
    desk.market(2_500, short_twap_x96=sqrt_of(2_400), long_twap_x96=sqrt_of(2_600))
    low = desk.book.reads[desk.now].markets[ETH].price_x18
    assert abs(low - 2_500 * X18) < 10**13
    desk.market(2_500, short_twap_x96=sqrt_of(2_550), long_twap_x96=sqrt_of(2_600))
    assert abs(desk.book.reads[desk.now].markets[ETH].price_x18 - 2_550 * X18) < 10**13


def test_the_liquidation_price_is_where_the_test_fails() -> None:
    """A cent beyond it the account is liquidatable, a cent before not; for both sides."""
    for size in (4, -4):
        desk = Desk()
        desk.deposit(ALICE, 1_500)
        desk.trade(ALICE, size, -2_500 * size)
        desk.market(2_500)
        (view,) = desk.venue.positions(ALICE, desk.book, desk.now)
        price = view.liquidation_price_x18
        assert price is not None
        cent = 10**16 if size > 0 else -(10**16)
        desk.market(status=1, stopped_at=1, stopped_price_x18=price + cent)
        assert _health(desk).breach is None
        desk.market(status=1, stopped_at=1, stopped_price_x18=price - cent)
        assert _health(desk).breach is Breach.POSITIONS
