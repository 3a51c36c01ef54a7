"""Quantiles as summary.json states them."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.demo.spread import Spread, spread


def test_quantiles_are_values_that_occurred() -> None:
    assert spread([]) == Spread(0, 0, 0, 0)
    assert spread([3]) == Spread(3, 3, 3, 1)
    assert spread(list(range(1, 101))) == Spread(50, 99, 100, 100)
    assert spread([0] * 99 + [9]) == Spread(0, 0, 9, 100)
    assert spread([0] * 98 + [9, 9]) == Spread(0, 9, 9, 100)


@given(st.lists(st.integers(0, 50), min_size=1))
def test_quantiles_are_ordered(values: list[int]) -> None:
    figures = spread(values)
    assert figures.p50 <= figures.p99 <= figures.max == max(values)
    assert {figures.p50, figures.p99} <= set(values)
