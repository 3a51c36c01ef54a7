"""M23: labels at levels, and a permutation null that holds its size and finds a planted effect."""

import numpy as np
import pytest

from analytics.models.activation import Effect, Label, crossing, effect
from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope

SIGMA = 0.01


@pytest.mark.parametrize("level", [85_000.0, 90_000.0, 95_000.0])
def test_levels_of_the_seed_activated_by_a_rise_that_goes_on(level: float) -> None:
    time = np.arange(0, 14_400, 60.0)
    price = np.linspace(84_000, 99_000, len(time))
    made = crossing(time, price, level, 3600.0, SIGMA, 100.0, 60.0)
    assert made is not None
    assert made.direction == 1
    assert made.y1 is not None
    assert made.y1 == pytest.approx(np.log(price[made.index + 60] / level) / SIGMA)
    assert (made.y2, made.y3, made.label) == (False, 0.6, Label.ACTIVATED)


def test_a_level_from_which_price_returns_is_absorbed() -> None:
    time = np.arange(0, 7200, 60.0)
    price = 90_500 - 1000 * np.sin(np.pi * time / 3600)
    made = crossing(time, price, 90_000.0, 3600.0, SIGMA, 100.0, 90.0)
    assert made is not None
    assert made.direction == -1
    assert made.y2
    assert made.label is Label.ABSORBED


def test_few_liquidations_are_undecided() -> None:
    made = crossing([0.0, 60.0, 3700.0], [100.0, 90.0, 80.0], 95.0, 3600.0, SIGMA, 100.0, 20.0)
    assert made is not None
    assert made.label is Label.UNDECIDED


def test_a_horizon_cut_short_has_no_outcome() -> None:
    made = crossing([0.0, 60.0, 120.0], [100.0, 90.0, 80.0], 95.0, 3600.0, SIGMA, 0.0, 20.0)
    assert made is not None
    assert made.y1 is None
    assert made.y3 is None
    assert crossing([0.0, 60.0], [100.0, 99.0], 95.0, 3600.0, SIGMA, 1.0, 0.0) is None
    with pytest.raises(ModelInputError):
        crossing([0.0], [1.0], 1.0, 0.0, SIGMA, 1.0, 0.0)


def _study(seed: int, strength: float, crossings: int = 120, scope: Scope | None = None) -> Effect:
    rng = np.random.default_rng(seed)
    density = rng.lognormal(12, 2, (30, 200))
    snapshot, level_bin = rng.integers(0, 30, crossings), rng.integers(0, 200, crossings)
    controls = np.column_stack([level_bin / 200, rng.integers(0, 24, crossings), rng.lognormal(0, 0.3, crossings)])
    y1 = strength * np.log1p(density[snapshot, level_bin]) + 0.5 * controls[:, 0] + rng.normal(0, 1, crossings)
    return effect(y1, snapshot, level_bin, density, controls, scope or Scope("generated", "exact"), rng)


def test_a_planted_effect_is_found() -> None:
    made = _study(1, 0.4)
    assert made.effect.value == pytest.approx(0.4, abs=0.12)
    assert made.p_value.value is not None
    assert made.p_value.value < 0.01


def test_the_null_never_contains_the_real_alignment() -> None:
    rng = np.random.default_rng(5)
    density, level_bin = rng.lognormal(12, 2, (1, 200)), np.arange(100)
    y1 = np.log1p(density[0, level_bin])
    made = effect(y1, np.zeros(100, np.int64), level_bin, density, np.zeros((100, 0)), Scope("generated", "exact"), rng)
    assert made.p_value.value == pytest.approx(1 / 2001)


def test_without_an_effect_the_p_values_are_uniform() -> None:
    p = np.array([_study(seed, 0.0, 40).p_value.value for seed in range(60)])
    assert (p < 0.05).mean() <= 0.13
    assert p.mean() == pytest.approx(0.5, abs=0.13)


def test_few_crossings_report_their_power(scope: Scope) -> None:
    made = _study(2, 0.0, 15)
    assert made.detectable.value is not None
    assert made.detectable.value > 0.2
    assert "15 crossings" in made.effect.caveat
    assert _study(2, 0.0, 4).effect.value is None


def test_equal_exposure_everywhere_says_nothing(scope: Scope) -> None:
    rng = np.random.default_rng(0)
    flat = np.ones((1, 50))
    made = effect(rng.normal(0, 1, 20), np.zeros(20, np.int64), np.arange(20), flat, np.zeros((20, 0)), scope, rng)
    assert made.effect.value is None
    with pytest.raises(ModelInputError, match="2000"):
        effect(rng.normal(0, 1, 20), np.zeros(20, np.int64), np.arange(20), flat, np.zeros((20, 0)), scope, rng, 10)
