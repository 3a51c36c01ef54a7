"""The stationary bootstrap keeps dependence; Holm orders p-values."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.resampling import holm, mean_difference, stationary_indices


def test_blocks_are_runs_with_the_wanted_mean_length() -> None:
    drawn = stationary_indices(500, 10.0, 200, np.random.default_rng(1))
    assert drawn.shape == (200, 500)
    assert (drawn >= 0).all()
    assert (drawn < 500).all()
    continued = ((drawn[:, 1:] - drawn[:, :-1]) % 500 == 1).mean()
    assert continued == pytest.approx(0.9, abs=0.01)


def test_interval_covers_a_difference_of_dependent_means() -> None:
    rng = np.random.default_rng(2)

    def series(mean: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = np.zeros(400)
        shocks = rng.normal(0, 1, 400)
        for i in range(1, 400):
            values[i] = 0.5 * values[i - 1] + shocks[i]
        return values + mean

    covered, found = [], []
    for _ in range(60):
        _, (low, high), p = mean_difference(series(1.0), series(0.0), 15.0, 300, rng)
        covered.append(low < 1.0 < high)
        found.append(p < 0.05)
    assert np.mean(covered) >= 0.83
    assert np.mean(found) > 0.9


def test_holm_of_a_textbook_row() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_empty_samples_are_refused() -> None:
    with pytest.raises(ModelInputError):
        mean_difference(np.array([]), np.array([1.0]), 5, 10, np.random.default_rng(0))
    with pytest.raises(ModelInputError):
        stationary_indices(0, 5, 10, np.random.default_rng(0))
