"""M13: the half-life of a simulated recovery and a censored survival curve."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.resilience import half_life, shocks, survival


def test_half_life_of_a_noisy_recovery_is_covered_by_its_interval(scope: Scope) -> None:
    rng = np.random.default_rng(1)
    t = np.arange(0, 120, 0.5)
    covered = []
    for _ in range(40):
        figure = half_life(t, 1 - 0.8 * np.exp(-t / 20) + rng.normal(0, 0.03, len(t)), scope)
        assert figure.value == pytest.approx(20 * np.log(2), rel=0.15)
        assert figure.interval is not None
        covered.append(figure.interval[0] < 20 * np.log(2) < figure.interval[1])
    assert np.mean(covered) >= 0.85


def test_nothing_to_fit_is_none(scope: Scope) -> None:
    assert half_life([0, 1], [0.5, 0.6], scope).value is None
    assert half_life([0, 1, 2, 3, 4], [1.0] * 5, scope).value is None


def test_shocks_are_sudden_and_counted_once() -> None:
    t = np.arange(0, 100, 1.0)
    depth = np.full(100, 10.0)
    depth[30:40] = 4.0
    depth[70:] = np.linspace(10, 4, 30)
    assert shocks(t, depth).tolist() == [30]
    again = depth.copy()
    again[50:55] = 1.0
    assert shocks(t, again).tolist() == [30, 50]


def test_kaplan_meier_counts_censored_shocks_while_observed(scope: Scope) -> None:
    """Textbook values: 6, 6, 6, 7, 10 recovered, 6+, 9+, 10+, 11+ open."""
    times = [6, 6, 6, 7, 10, 6, 9, 10, 11]
    seen = [True] * 5 + [False] * 4
    made = survival(times, seen, scope)
    assert made.time.tolist() == [6, 7, 10]
    assert made.survival == pytest.approx([6 / 9, 6 / 9 * 4 / 5, 6 / 9 * 4 / 5 * 2 / 3])
    assert made.median.value == 10
    assert survival([1, 2, 3], [True, False, False], scope).median.value is None
    with pytest.raises(ModelInputError):
        survival([], [], scope)


def test_survival_recovers_the_median_of_censored_exponentials(scope: Scope) -> None:
    rng = np.random.default_rng(2)
    true, censor = rng.exponential(10, 4000), rng.exponential(20, 4000)
    made = survival(np.minimum(true, censor), true <= censor, scope)
    assert made.median.value == pytest.approx(10 * np.log(2), rel=0.06)
