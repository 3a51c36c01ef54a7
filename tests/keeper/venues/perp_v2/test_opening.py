"""A position of a new account: what would stand, and what the contracts would refuse."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import Reads
from keeper.domain.fixed import X18, mul_ratio
from keeper.domain.opening import NoOpening
from keeper.domain.venue import Event
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2.margin import free_collateral
from tests.keeper.venues.perp_v2.books import BOB, CONFIG, ETH, Desk

_IM_RATIO, _DEPTH = CONFIG[0], 10**23
_BASE = 2_000
"""ETH that this depth means at 2,500: the price moves as if so much were in the pool. The fee is a thousandth."""
_NOTIONAL_X18 = 5_000 * X18
_USDC_X18 = 10**12


def _desk() -> Desk:
    """One maker around a spot and mark of 2,500."""
    desk = Desk()
    desk.order(BOB, 70_000, 86_000, _DEPTH, X18, X18)
    desk.market(2_500)
    return desk


def _answer(reads: Reads[Sequence[Event] | NoOpening]) -> Sequence[Event] | NoOpening:
    with pytest.raises(StopIteration) as done:
        next(reads)
    answer: Sequence[Event] | NoOpening = done.value.value
    return answer


def _opening(desk: Desk, size_x18: int, margin_x18: int) -> Sequence[Event] | NoOpening:
    return _answer(desk.venue.opening("ETH", size_x18, margin_x18, desk.book, desk.now))


def _refusal(desk: Desk, size_x18: int = X18, margin_x18: int = 10_000 * X18) -> NoOpening:
    answer = _opening(desk, size_x18, margin_x18)
    assert isinstance(answer, NoOpening)
    return answer


def _open(desk: Desk, size_x18: int, margin_x18: int) -> AccountKey:
    """Applied; the new account."""
    events = _opening(desk, size_x18, margin_x18)
    assert not isinstance(events, NoOpening)
    (key,) = desk.apply(*events)
    return key


def test_the_fee_is_part_of_the_notional_and_the_trade_moves_the_pool() -> None:
    desk = _desk()
    key = _open(desk, 2 * X18, 1_000 * X18 + 7)
    account = desk.book.accounts[key]
    assert account.balance_raw == 1_000 * 10**6
    assert account.positions[ETH].size == 2 * X18
    assert account.positions[ETH].open_notional == pytest.approx(-_NOTIONAL_X18 * _BASE / (_BASE - 2) / 0.999, rel=1e-12)


def test_a_short_receives_less_by_the_fee() -> None:
    desk = _desk()
    key = _open(desk, -2 * X18, 1_000 * X18)
    assert desk.book.accounts[key].positions[ETH].open_notional == pytest.approx(_NOTIONAL_X18 * _BASE / (_BASE + 2) * 0.999, rel=1e-12)


def test_funding_counts_from_now_on() -> None:
    """Growth that is not settled yet is owed by others, not by the newcomer."""
    desk = _desk()
    desk.trade(BOB, 1, -2_500)
    desk.apply(log.FundingUpdated(ETH, 2_500 * X18, 2_400 * X18))
    desk.block(desk.now + 86_400)
    desk.market(2_500, funding_index_x18=2_400 * X18)
    growth_x96 = desk.book.reads[desk.now].markets[ETH].growth_x96
    assert growth_x96 != desk.book.markets[ETH].growth_x96
    key = _open(desk, X18, 1_000 * X18)
    assert desk.book.accounts[key].positions[ETH].growth_x96 == growth_x96
    assert (
        next(one for one in desk.venue.risk_factors(key, desk.book, desk.now) if one.name == "settlement margin").value_x18 == 1_000 * X18
    )


@settings(max_examples=60)
@given(size=st.integers(10**16, 40 * X18), is_long=st.booleans())
def test_the_margin_it_asks_for_is_the_least_that_opens(size: int, is_long: bool) -> None:
    desk = _desk()
    delta = size if is_long else -size
    refusal = _refusal(desk, delta, 0)
    assert refusal.required_x18 is not None
    assert refusal.required_x18 > mul_ratio(2_490 * size // X18, _IM_RATIO)
    margin = -(-refusal.required_x18 // _USDC_X18) * _USDC_X18
    assert _refusal(desk, delta, margin - _USDC_X18).required_x18 == pytest.approx(refusal.required_x18, rel=1e-15)
    key = _open(desk, delta, margin)
    free = free_collateral(desk.book.accounts[key], desk.book, desk.now, _IM_RATIO)
    assert free is not None
    assert 0 <= free < _USDC_X18
    assert not desk.venue.health(key, desk.book, desk.now).liquidatable


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: desk.apply(log.ConfigChanged("clearing_house_paused", 1)),
        lambda desk: desk.apply(log.MarketConfigChanged("max_tick_crossed", ETH, 0)),
        lambda desk: desk.market(2_500, status=1, stopped_price_x18=2_500 * X18),
        lambda desk: desk.market(2_500, short_twap_x96=0),
    ],
    ids=["paused", "no ticks allowed", "market paused", "no price"],
)
def test_what_is_closed_is_closed(change: Callable[[Desk], object]) -> None:
    desk = _desk()
    change(desk)
    assert _refusal(desk) == NoOpening("ETH is not open for trading")


def test_limits_of_price_are_named() -> None:
    desk = _desk()
    assert _refusal(desk, 10**4 * X18) == NoOpening("the pool of ETH does not hold as much")
    desk.apply(log.MarketConfigChanged("max_tick_crossed", ETH, 10))
    assert _refusal(desk, 20 * X18) == NoOpening("ETH: the trade moves the pool by more than the 10 ticks allowed at a time")
    desk.apply(log.MarketConfigChanged("max_tick_crossed", ETH, 1_000), log.MarketConfigChanged("max_spread_ratio", ETH, 1_000))
    assert _refusal(desk, 20 * X18) == NoOpening("ETH: the trade moves the pool further from the index than allowed")


def test_outside_of_the_band_one_may_trade_towards_the_index() -> None:
    """The spot stands a tenth above it already."""
    desk = _desk()
    desk.apply(log.MarketConfigChanged("max_spread_ratio", ETH, 1_000))
    desk.market(2_500, index_x18=2_270 * X18)
    assert isinstance(_opening(desk, X18, 2_000 * X18), NoOpening)
    assert not isinstance(_opening(desk, -X18, 2_000 * X18), NoOpening)
