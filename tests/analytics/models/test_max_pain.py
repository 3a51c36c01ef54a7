"""M4: the victim side is explicit; ties go to the nearest."""

import numpy as np
import pytest

from analytics.models.figure import Scope
from analytics.models.liquidation_map import build, levels
from analytics.models.max_pain import max_pain, worst_price

MARK = 110_625.0


def test_longs_suffer_below_and_shorts_above(scope: Scope) -> None:
    at = levels([105_000.0, 100_000.0, 113_047.0, 120_000.0], [1, 1, -1, -1], [5.0, 9.0, 7.0, 3.0])
    result = max_pain(build(at, MARK, scope))
    assert result.long_victims.value == pytest.approx(100_000, rel=1e-3)
    assert result.short_victims.value == pytest.approx(113_047, rel=1e-3)
    assert (result.long_notional, result.short_notional) == (9.0, 7.0)
    assert result.long_victims.value is not None
    assert result.long_victims.value < MARK


def test_ties_go_to_the_nearest(scope: Scope) -> None:
    at = levels([100_000.0, 105_000.0, 115_000.0, 120_000.0], [1, 1, -1, -1], [5.0] * 4)
    result = max_pain(build(at, MARK, scope))
    assert result.long_victims.value == pytest.approx(105_000, rel=1e-3)
    assert result.short_victims.value == pytest.approx(115_000, rel=1e-3)


def test_an_empty_side_has_no_price(scope: Scope) -> None:
    result = max_pain(build(levels([100_000.0], [1], [1.0]), MARK, scope))
    assert result.short_victims.value is None
    assert "no shorts" in result.short_victims.caveat


def test_worst_price_is_the_largest_bad_debt_nearest_the_mark() -> None:
    assert worst_price([80.0, 90.0, 110.0], [3.0, 3.0, 1.0], 100.0) == 90.0
    assert worst_price(np.array([80.0]), np.array([0.0]), 100.0) is None
