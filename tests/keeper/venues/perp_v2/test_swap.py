"""A trade through the ranges of makers: in parts or at once it is the same, and back again is never better."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from keeper.domain.fixed import X18
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.state import MarketReads
from keeper.venues.perp_v2.swap import Swap, liquidity_changes, swap
from tests.keeper.venues.perp_v2.books import ALICE, BOB, BTC, ETH, Desk, sqrt_of

_CHANGES = {77_000: 10**22, 78_000: 3 * 10**22, 78_240: 10**23, 78_300: -(10**23), 78_900: -3 * 10**22, 80_000: -(10**22)}
"""Three ranges, one inside the other; the spot is in the narrowest."""
_SPOT = sqrt_of(2_500)
_BLANK = MarketReads(0, 0, 0, _SPOT, 0, 0, 0, 0, 0)
_SIZES = st.integers(10**9, 30 * X18)
_WEI = 10**4
"""What rounding may come to: a unit of base at 2,500, range by range."""


def _at(sqrt_price_x96: int) -> MarketReads:
    """The pool at this price."""
    tick = ticks.tick_at(sqrt_price_x96)
    liquidity = sum(change for bound, change in _CHANGES.items() if bound <= tick)
    return replace(_BLANK, sqrt_price_x96=sqrt_price_x96, tick=tick, liquidity=liquidity)


def _trade(size: int, sqrt_price_x96: int = _SPOT) -> Swap:
    trade = swap(size, _at(sqrt_price_x96), _CHANGES)
    assume(trade is not None)
    assert trade is not None
    return trade


@given(_SIZES, _SIZES, st.sampled_from((-1, 1)))
def test_in_parts_or_at_once(first: int, second: int, sign: int) -> None:
    once, part = _trade(sign * (first + second)), _trade(sign * first)
    rest = _trade(sign * second, part.sqrt_price_after_x96)
    assert abs(part.quote + rest.quote - once.quote) <= once.quote // 10**12 + _WEI
    assert abs(rest.sqrt_price_after_x96 - once.sqrt_price_after_x96) <= once.sqrt_price_after_x96 // 10**15 + 1


@given(_SIZES, st.sampled_from((-1, 1)))
def test_the_mean_price_lies_between_the_prices_before_and_after(size: int, sign: int) -> None:
    trade = _trade(sign * size)
    bounds = sorted(ticks.price_x18_of(price) for price in (_SPOT, trade.sqrt_price_after_x96))
    assert bounds[0] * size // X18 - _WEI <= trade.quote <= bounds[1] * size // X18 + _WEI


@given(_SIZES)
def test_there_and_back_earns_nothing(size: int) -> None:
    purchase = _trade(size)
    sale = _trade(-size, purchase.sqrt_price_after_x96)
    assert 0 <= purchase.quote - sale.quote <= purchase.quote // 10**12 + _WEI


def test_what_the_pool_does_not_have_cannot_be_traded() -> None:
    assert swap(10**6 * X18, _at(_SPOT), _CHANGES) is None
    assert swap(-(10**6) * X18, _at(_SPOT), _CHANGES) is None
    assert swap(1, _at(_SPOT), {}) is None


def test_the_ranges_are_the_orders_of_everybody_in_the_market() -> None:
    desk = Desk()
    desk.order(ALICE, 77_000, 80_000, 10**22, X18, X18)
    desk.order(BOB, 77_000, 78_900, 3 * 10**22, X18, X18)
    assert liquidity_changes(ETH, desk.book) == {77_000: 4 * 10**22, 78_900: -3 * 10**22, 80_000: -(10**22)}
    assert liquidity_changes(BTC, desk.book) == {}
