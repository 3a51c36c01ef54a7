"""Amounts of different decimals do not mix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.money import Money, Usd18, Usd30

RAW = st.integers(-(10**40), 10**40)


@given(RAW, RAW)
def test_arithmetic_is_that_of_the_integers(one: int, other: int) -> None:
    assert Usd18(one) + Usd18(other) == Usd18(one + other)
    assert Usd18(one) - Usd18(other) == Usd18(one - other)
    assert (Usd18(one) < Usd18(other), Usd18(one) <= Usd18(other)) == (one < other, one <= other)


@given(RAW)
def test_the_same_integer_of_other_decimals_is_another_amount(raw: int) -> None:
    amounts: tuple[Money, Money] = (Usd18(raw), Usd30(raw))
    assert amounts[0] != amounts[1]
    assert Usd30(raw).units == pytest.approx(Usd18(raw).units / 10**12)


def test_decimals_do_not_mix() -> None:
    """The type checker refuses it (else it would complain of the ignored error), and so does the run."""
    with pytest.raises(TypeError, match="Usd18 and Usd30 have different decimals"):
        Usd18(1) + Usd30(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="convert one of them first"):
        assert Usd30(1) < Usd18(1)  # type: ignore[operator]
    amounts: list[Money] = [Usd18(1), Usd30(1)]
    with pytest.raises(TypeError, match="different decimals"):
        amounts[0] - amounts[1]
