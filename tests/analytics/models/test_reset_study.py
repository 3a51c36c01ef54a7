"""The S4 test finds a planted benefit of resets, and none where there is none but a difference in size."""

import numpy as np
import pytest

from analytics.models.arrays import Floats, ModelInputError
from analytics.models.figure import Scope
from analytics.models.reset_study import Comparison, Declines, compare, nearest


def _declines(rng: np.random.Generator, size: Floats, benefit: float) -> Declines:
    """Larger declines are followed by more liquidations; a reset takes `benefit` off both outcomes (in noise units)."""
    n = len(size)
    noise = rng.normal(0, 1, (2, n))
    return Declines(
        size,
        rng.lognormal(0, 0.3, n),
        rng.integers(0, 24, n).astype(np.float64),
        10 * size + noise[0] - benefit,
        50 * size + noise[1] - benefit,
    )


def _study(seed: int, benefit: float) -> tuple[Comparison, Comparison]:
    rng = np.random.default_rng(seed)
    reset = _declines(rng, rng.uniform(0.1, 0.2, 25), benefit)
    return compare(reset, _declines(rng, rng.uniform(0.05, 0.2, 600), 0.0), Scope("generated", "exact"), rng)


def test_a_planted_benefit_is_found() -> None:
    for made in _study(1, 2.0):
        assert made.difference.value == pytest.approx(-2.0, abs=1.0)
        assert made.p_value is not None
        assert made.p_value < 0.01
        assert made.leave_one_out is not None
        assert made.leave_one_out[1] < 0


def test_without_a_benefit_matching_removes_the_difference_of_size() -> None:
    found = [made.p_value is not None and made.p_value < 0.05 for seed in range(40) for made in _study(seed, 0.0)[:1]]
    assert np.mean(found) <= 0.15


def test_midnight_has_neighbours_on_both_sides() -> None:
    def at(*hours: float) -> Declines:
        ones = np.ones(len(hours))
        return Declines(ones, ones, np.array(hours), ones, ones)

    assert nearest(at(23.0), at(12.0, 0.0)).tolist() == [1]


def test_few_resets_give_no_figure(scope: Scope) -> None:
    rng = np.random.default_rng(0)
    few = _declines(rng, np.full(3, 0.1), 0.0)
    made = compare(few, _declines(rng, np.full(9, 0.1), 0.0), scope, rng)
    assert made[0].difference.value is None
    assert "fewer than 5" in made[0].difference.caveat
    with pytest.raises(ModelInputError, match="match with"):
        compare(few, _declines(rng, np.zeros(0), 0.0), scope, rng)
