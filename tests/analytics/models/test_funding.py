"""M21: one scale, no look-ahead, a reset only after three normal settlements."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.funding import basis, eight_hourly, reset, settlement_effect, z_scores

HOUR = 3600.0


def test_hourly_and_eight_hourly_venues_on_one_scale() -> None:
    assert eight_hourly([0.0001, 0.0008, 0.0004], [1, 8, 4]) == pytest.approx([0.0008, 0.0008, 0.0008])
    with pytest.raises(ModelInputError):
        eight_hourly([0.1], 0)


@given(st.integers(0, 2**32 - 1))
def test_z_equals_the_plain_formula_on_the_ninety_days_before(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(4, 12, 400)) * HOUR
    rate = rng.normal(1e-4, 1e-4, 400)
    scores = z_scores(time, rate)
    for i in (5, 60, 399):
        past = rate[(time >= time[i] - 90 * 86400) & (np.arange(400) < i)]
        if len(past) < 30:
            assert np.isnan(scores[i])
        else:
            assert scores[i] == pytest.approx((rate[i] - past.mean()) / past.std(ddof=1), rel=1e-6)


def test_thirty_settlements_are_enough_and_twenty_nine_are_not() -> None:
    scores = z_scores(np.arange(40) * 8 * HOUR, np.random.default_rng(0).normal(0, 1e-4, 40))
    assert np.isnan(scores[:30]).all()
    assert np.isfinite(scores[30:]).all()


def test_future_settlements_never_change_a_score() -> None:
    rng = np.random.default_rng(1)
    time, rate = np.arange(300) * 8 * HOUR, rng.normal(0, 1e-4, 300)
    changed = rate.copy()
    changed[200:] = 5.0
    np.testing.assert_array_equal(z_scores(time, rate)[:200], z_scores(time, changed)[:200])


def test_a_constant_rate_has_no_score() -> None:
    assert np.isnan(z_scores(np.arange(100) * HOUR, np.full(100, 1e-4))).all()


def test_reset_needs_three_normal_settlements_after_an_extreme(scope: Scope) -> None:
    time = np.arange(9) * 8 * HOUR
    made = reset(time, [0.1, -1.7, -0.9, 0.2, 0.4, -0.8, 0.1, 0.2, -0.3], scope)
    assert made is not None
    assert (made.extreme, made.first_normal, made.confirmed) == (1, 6, 8)
    assert made.delay.value == pytest.approx(5 * 8 * HOUR)
    open_end = reset(time[:8], [0.1, -1.7, -0.9, 0.2, 0.4, -0.8, 0.1, 0.2], scope)
    assert open_end is not None
    assert open_end.first_normal is None
    assert open_end.delay.value is None
    assert reset(time[:3], [0.1, 1.2, 0.3], scope) is None
    assert reset(time[:2], [0.1, float("nan")], scope) is None


def test_basis_in_basis_points(scope: Scope) -> None:
    assert basis(100.1, 100.0, scope).value == pytest.approx(9.995, abs=1e-3)
    with pytest.raises(ModelInputError):
        basis(0.0, 1.0, scope)


def test_activity_at_settlement_is_recovered(scope: Scope) -> None:
    rng = np.random.default_rng(2)
    minute = np.arange(0, 30 * 1440)
    settlements = np.arange(0, 30 * 1440, 480)
    near = np.minimum(minute % 480, 480 - minute % 480) <= 5
    activity = rng.exponential(np.where(near, 3.0, 1.0))
    assert settlement_effect(minute, activity, settlements, 5, scope).value == pytest.approx(3.0, rel=0.1)
    assert settlement_effect(minute, activity, [], 5, scope).value is None
