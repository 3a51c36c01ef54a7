"""A pool after earlier closes: what is sold in parts costs what it costs at once, and the room left is what was not taken."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from keeper.domain.fixed import Q96, X18
from keeper.venues.perp_v2.closing import Pool
from tests.keeper.venues.perp_v2.books import sqrt_of

_SPOT = sqrt_of(2_500)
_POOL = Pool(_SPOT, 10**22, 1_000, _SPOT * 95 // 100, _SPOT * 105 // 100)
_SIZES = st.integers(0, 4 * X18)


def _unit(pool: Pool) -> int:
    """Base that one step of the sqrt price is worth, rounded up: what rounding may be off by."""
    return pool.liquidity * Q96 // pool.sqrt_price_x96 // pool.sqrt_price_x96 + 2


@given(_SIZES, _SIZES, st.booleans())
def test_what_is_closed_in_parts_costs_what_it_costs_at_once(first: int, second: int, is_long: bool) -> None:
    sign = 1 if is_long else -1
    parts = _POOL.quote_for(first, is_long) + _POOL.after(sign * first).quote_for(second, is_long)
    once = _POOL.quote_for(first + second, is_long)
    price_of_a_unit = 2_500 * _unit(_POOL)
    assert abs(parts - once) <= 4 * price_of_a_unit + 4


@given(_SIZES, st.integers(951, 1_049))
def test_the_room_left_is_what_was_not_taken(taken: int, target_per_mille: int) -> None:
    target, is_long = _SPOT * target_per_mille // 1_000, target_per_mille < 1_000
    room = _POOL.size_until(target, is_long)
    left = _POOL.after(taken if is_long else -taken).size_until(target, is_long)
    assert abs(left - max(0, room - taken)) <= 4 * _unit(_POOL)


@given(_SIZES, _SIZES)
def test_what_others_sell_makes_selling_dearer_and_buying_cheaper(sold: int, size: int) -> None:
    after = _POOL.after(sold)
    assert after.quote_for(size, True) <= _POOL.quote_for(size, True)
    assert after.quote_for(size, False) <= _POOL.quote_for(size, False)


@given(st.integers(-(10**30), 10**30), st.integers(0, 10**24))
def test_no_use_is_too_much_for_a_pool(used: int, liquidity: int) -> None:
    """More than it holds leaves no room, and an empty one stays as it is."""
    assume(used)
    after = replace(_POOL, liquidity=liquidity).after(used)
    assert after.sqrt_price_x96 >= 0
    assert after.size_until(_POOL.limit_high_x96, False) >= 0
    if used < -(10**27):
        assert after.size_until(_POOL.limit_high_x96, False) == 0
