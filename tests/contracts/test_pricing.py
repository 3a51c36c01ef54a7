"""Price arithmetic of the pools."""

from __future__ import annotations

import pytest

from contracts.devnet.pricing import TICK_SPACING, Range, liquidity_for_depth, price_8, sqrt_price_x96, tick_at

_PRICES = (1, 99_999_999, 2_500 * 10**8, 60_000 * 10**8)


@pytest.mark.parametrize("price", _PRICES[1:])
def test_square_root_and_back(price: int) -> None:
    assert price - 1 <= price_8(sqrt_price_x96(price)) <= price


@pytest.mark.parametrize("price", _PRICES)
def test_a_tick_is_usable_and_not_above_the_price(price: int) -> None:
    tick = tick_at(price)
    assert tick % TICK_SPACING == 0
    assert 1.0001**tick <= price / 1e8 * (1 + 1e-9) < 1.0001 ** (tick + TICK_SPACING) * (1 + 1e-9)


def test_a_range_holds_quote_below_the_price_and_base_above() -> None:
    price = 2_500 * 10**8
    below, above = Range.between(price // 2, price * 9 // 10), Range.between(price * 12 // 10, price * 2)
    assert below.amounts(10**24, price)[0] == 0
    assert above.amounts(10**24, price)[1] == 0
    assert below.amounts(10**24, price)[1] > 0 < above.amounts(10**24, price)[0]


def test_depth_is_the_quote_that_moves_the_price_by_one_percent() -> None:
    price = 2_500 * 10**8
    liquidity = liquidity_for_depth(600_000, price)
    wide = Range.between(price // 4, price * 4)
    quote = wide.amounts(liquidity, price * 101 // 100)[1] - wide.amounts(liquidity, price)[1]
    assert quote / 1e18 == pytest.approx(600_000, rel=1e-6)
