"""M15, and the asset shares of seed S2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.concentration import chi_square, concentration, hhi_floor, mismatch, shares
from analytics.models.figure import Scope

S2_TOTALS = (78.47, 51.71, 15.00)


def test_asset_concentration_of_21_march_2025(scope: Scope) -> None:
    assert sum(S2_TOTALS) == pytest.approx(145.18, abs=1e-9)
    result = concentration(S2_TOTALS, scope)
    assert result.hhi.value == pytest.approx(0.430, abs=5e-4)
    assert result.effective.value == pytest.approx(1 / 0.4297, rel=1e-3)
    assert result.top[-1] == pytest.approx(1)


def test_a_share_of_55_percent_bounds_the_index() -> None:
    assert hhi_floor(0.5542) == pytest.approx(0.307, abs=5e-4)
    assert 1 / hhi_floor(0.5542) == pytest.approx(3.26, abs=5e-3)


@given(st.lists(st.floats(0.01, 1e9), min_size=1, max_size=30))
def test_effective_number_lies_between_one_and_the_count(amounts: list[float]) -> None:
    effective = concentration(amounts, Scope("w", "exact")).effective.value
    assert effective is not None
    assert 1 - 1e-9 <= effective <= len(amounts) + 1e-9


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=10), st.data())
def test_mismatch_is_zero_only_where_flow_follows_depth(depth: list[float], data: st.DataObject) -> None:
    flow = data.draw(st.lists(st.floats(0.01, 1e6), min_size=len(depth), max_size=len(depth)))
    assert chi_square(depth, depth) == pytest.approx(0, abs=1e-9)
    assert chi_square(flow, depth) >= -1e-9


def test_flow_without_depth_has_no_finite_mismatch(scope: Scope) -> None:
    figure = mismatch([1, 1], [1, 0], scope)
    assert figure.value is None
    assert "without depth" in figure.caveat


@pytest.mark.parametrize("amounts", [[], [0.0, 0.0], [1.0, -1.0]])
def test_shares_of_nothing_or_of_debts_are_refused(amounts: list[float]) -> None:
    with pytest.raises(ModelInputError):
        shares(amounts)
