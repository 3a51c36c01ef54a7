"""M27: selection on volatility raises correlation; the correction takes it back."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.correlation import ewma, forbes_rigobon, lift, stress, tail
from analytics.models.figure import Scope


def test_correction_removes_a_pure_rise_of_variance(scope: Scope) -> None:
    """One linear link throughout; only the first asset's variance rises in stress (x9)."""
    rng = np.random.default_rng(1)
    stressed = np.arange(40_000) >= 30_000
    first = rng.normal(0, np.where(stressed, 3.0, 1.0))
    second = 0.5 * first + rng.normal(0, 1, 40_000)
    made = stress(first, second, stressed, scope)
    assert made.calm == pytest.approx(0.447, abs=0.02)
    assert made.stressed == pytest.approx(0.832, abs=0.02)
    assert made.corrected.value == pytest.approx(made.calm, abs=0.02)
    assert made.variance_rise == pytest.approx(8, rel=0.05)


def test_correction_limits() -> None:
    assert forbes_rigobon(0.7, 0.0) == pytest.approx(0.7)
    assert forbes_rigobon(1.0, 5.0) == pytest.approx(1.0)
    assert forbes_rigobon(0.8, 3.0) == pytest.approx(0.8 / np.sqrt(1 + 3 * 0.36))
    with pytest.raises(ModelInputError):
        forbes_rigobon(1.1, 0.0)


def test_ewma_follows_the_newest_regime(scope: Scope) -> None:
    rng = np.random.default_rng(2)
    a = rng.normal(0, 1, 4000)
    noise = rng.normal(0, 1, 4000)
    b = np.where(np.arange(4000) < 2000, noise, 0.9 * a + np.sqrt(1 - 0.81) * noise)
    assert ewma(a, b, 200, scope).value == pytest.approx(0.9, abs=0.05)
    assert ewma(a[:2000], b[:2000], 200, scope).value == pytest.approx(0.0, abs=0.15)
    assert ewma([0.0, 0.0], [1.0, 1.0], 10, scope).value is None


def test_tail_needs_observations(scope: Scope) -> None:
    a = np.random.default_rng(3).normal(0, 1, 1000)
    assert tail(a, 2 * a, 0.05, scope).value == pytest.approx(1)
    assert tail(a[:50], a[:50], 0.05, scope).value is None


def test_lift_of_independent_and_joint_liquidations(scope: Scope) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random(50_000) < 0.1, rng.random(50_000) < 0.2
    assert lift(a, b, scope).value == pytest.approx(1, abs=0.07)
    assert lift(a, a, scope).value == pytest.approx(10, rel=0.05)
    assert lift(a, np.zeros(50_000), scope).value is None
