"""Fills and fees of orders, against worked examples of AsyncOrder.sol's comments and its rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fixed import X18
from keeper.venues.synthetix_v3.order_fill import fill_price, order_fee
from keeper.venues.synthetix_v3.state import Market, MarketConfiguration
from tests.keeper.venues.synthetix_v3.books import x18

_CONFIGURATION = MarketConfiguration(maker_fee=x18(0.001), taker_fee=x18(0.01), skew_scale=x18(1_000_000))
_SIZES = st.integers(-(10**6) * X18, 10**6 * X18).filter(bool)


def _market(skew: float) -> Market:
    return Market(configuration=_CONFIGURATION, skew=x18(skew))


def test_the_fill_is_the_mean_of_the_prices_before_and_after() -> None:
    """The example of calculateFillPrice: 100 bought at 1,200 without skew are filled at 1,200.06."""
    assert fill_price(_market(0), x18(100), x18(1_200)) == x18(1_200.06)
    assert fill_price(_market(100), x18(-200), x18(1_200)) == x18(1_200)
    unscaled = replace(_market(5), configuration=MarketConfiguration())
    assert fill_price(unscaled, x18(100), x18(1_200)) == x18(1_200)


@pytest.mark.parametrize(
    ("skew", "size", "fee"),
    [(0, 2, 2.0), (5, 2, 2.0), (-5, -2, 2.0), (5, -2, 0.2), (-5, 2, 0.2), (2, -2, 0.2), (2, -5, 0.2 + 3.0), (-2, 5, 0.2 + 3.0)],
    ids=["taker", "longer", "shorter", "less long", "less short", "to the middle", "through it", "through it upwards"],
)
def test_the_maker_pays_less_and_who_crosses_the_middle_pays_both(skew: float, size: float, fee: float) -> None:
    assert order_fee(_market(skew), x18(size), x18(100)) == x18(fee)


@given(_SIZES, st.integers(-1_000, 1_000))
def test_a_larger_skew_is_paid_for_and_a_smaller_one_is_paid(size: int, skew: int) -> None:
    """By the sign of the mean skew, up to rounding."""
    market, price = _market(skew), x18(2_500)
    premium = fill_price(market, size, price) - price
    mean = 2 * market.skew + size
    assert premium * mean >= 0 or abs(premium) <= 1
