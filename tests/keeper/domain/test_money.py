"""Amounts of different decimals do not mix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.money import ZERO_USD, Money, Usd18, Usd30

RAW = st.integers(-(10**40), 10**40)


@given(RAW, RAW)
def test_arithmetic_is_that_of_the_integers(one: int, other: int) -> None:
    assert Usd18(one) + Usd18(other) == Usd18(one + other)
    assert Usd18(one) - Usd18(other) == Usd18(one - other)
    assert -Usd18(one) == ZERO_USD - Usd18(one)
    assert (Usd18(one) < Usd18(other), Usd18(one) <= Usd18(other)) == (one < other, one <= other)
    assert (Usd18(one) > Usd18(other), Usd18(one) >= Usd18(other)) == (one > other, one >= other)


@given(RAW)
def test_the_same_integer_of_other_decimals_is_another_amount(raw: int) -> None:
    amounts: tuple[Money, Money] = (Usd18(raw), Usd30(raw))
    assert amounts[0] != amounts[1]
    assert Usd30(raw).units == pytest.approx(Usd18(raw).units / 10**12)


@given(st.integers(-(10**15), 10**15))
def test_whole_units_are_exact(units: int) -> None:
    assert Usd18.of_units(units) == Usd18(units * 10**18)
    assert Usd30.of_units(units) == Usd30(units * 10**30)


@given(st.floats(0, 10**15))
def test_parts_of_a_unit_are_as_exact_as_what_was_written(units: float) -> None:
    assert Usd18.of_units(units).units == pytest.approx(units, rel=1e-15, abs=2e-18)


def test_what_is_less_than_the_last_decimal_is_cut_off() -> None:
    assert (Usd18.of_units(0.9e-18), Usd18.of_units(1.9e-18), Usd18.of_units(-1.9e-18)) == (ZERO_USD, Usd18(1), Usd18(-1))


def test_decimals_do_not_mix() -> None:
    """The type checker refuses it (else it would complain of the ignored error), and so does the run."""
    with pytest.raises(TypeError, match="Usd18 and Usd30 have different decimals"):
        Usd18(1) + Usd30(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="convert one of them first"):
        assert Usd30(1) < Usd18(1)  # type: ignore[operator]
    amounts: list[Money] = [Usd18(1), Usd30(1)]
    with pytest.raises(TypeError, match="different decimals"):
        amounts[0] - amounts[1]


def test_a_bare_number_is_no_amount() -> None:
    with pytest.raises(TypeError, match="Usd18 and int"):
        Usd18(1) + 1  # type: ignore[operator]
