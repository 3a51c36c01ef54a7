"""Rounding as in the EVM."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fixed import div_trunc, div_up, mul_div, mul_ratio, of_units, sign, to_units

_nonzero = st.integers().filter(bool)


@given(st.integers(), _nonzero)
def test_truncation_is_towards_zero(numerator: int, denominator: int) -> None:
    """quotient * denominator + rest, the rest with the numerator's sign and smaller than the denominator."""
    rest = numerator - div_trunc(numerator, denominator) * denominator
    assert abs(rest) < abs(denominator)
    assert rest == 0 or sign(rest) == sign(numerator)


@given(st.integers(), st.integers(), st.integers(1))
def test_mul_div_works_on_magnitudes(value: int, multiplier: int, denominator: int) -> None:
    """PerpMath.mulDiv: FullMath on absolute values, the sign put back."""
    magnitude = abs(value) * abs(multiplier) // denominator
    assert mul_div(value, multiplier, denominator) == sign(value) * sign(multiplier) * magnitude


@given(st.integers(), _nonzero)
def test_rounding_up_is_away_from_zero(numerator: int, denominator: int) -> None:
    """Never less than the true quotient in magnitude, never a whole unit more."""
    excess = abs(div_up(numerator, denominator) * denominator) - abs(numerator)
    assert 0 <= excess < abs(denominator)


@pytest.mark.parametrize(("value", "ratio", "expected"), [(100, 62_500, 6), (-100, 62_500, -6), (10**18, 25_000, 25 * 10**15)])
def test_ratios_have_six_decimals(value: int, ratio: int, expected: int) -> None:
    """1e6 is 100 %."""
    assert mul_ratio(value, ratio) == expected


def test_units_are_for_people() -> None:
    """A raw amount in plain units."""
    assert to_units(1_500_000, 6) == 1.5
    assert to_units(-(10**18)) == -1.0


@given(st.integers(0, 10**9), st.integers(0, 10**6 - 1))
def test_an_amount_as_typed_is_exact_to_its_millionths(units: int, millionths: int) -> None:
    """Its float is not, once it has 18 decimals."""
    assert of_units(float(f"{units}.{millionths:06d}")) == units * 10**18 + millionths * 10**12
