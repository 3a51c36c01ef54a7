"""M8: structural waves shrink by g, observational waves follow pauses and retracements, and the overlap counts pairs."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.cascade import linear_law
from analytics.models.figure import Scope
from analytics.models.waves import NEVER, observational, overlap, structural


def test_structural_waves_of_a_uniform_density_are_geometric() -> None:
    spacing, gain = 0.0005, 0.6
    away = (np.arange(8000) + 0.5) * spacing
    made = structural(away, np.full(8000, spacing), 1.0, linear_law(gain))
    quantity = np.bincount(made.wave[made.wave != NEVER], minlength=6)[:6] * spacing
    assert quantity == pytest.approx([gain**k for k in range(6)], abs=2e-3)
    assert made.cascade.final == pytest.approx(2.5, abs=2e-3)
    assert (made.wave[away > 2.51] == NEVER).all()


def test_a_far_cluster_is_a_wave_of_its_own() -> None:
    made = structural([0.5, 0.9, 1.4, 9.0], [1.0, 1.0, 2.0, 1.0], 1.0, linear_law(0.25))
    assert made.wave.tolist() == [0, 0, 1, NEVER]
    assert made.cascade.final == pytest.approx(2.0)


def test_order_of_input_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    away, base = rng.uniform(0, 3, 50), rng.uniform(0, 0.1, 50)
    mixed = rng.permutation(50)
    straight = structural(away, base, 0.5, linear_law(1.0)).wave
    assert structural(away[mixed], base[mixed], 0.5, linear_law(1.0)).wave.tolist() == straight[mixed].tolist()


def test_a_pause_begins_a_wave_and_continuation_does_not() -> None:
    made = observational([0, 5, 10, 45, 50], [100, 99, 98, 97, 96], -1)
    assert made.start.tolist() == [0, 45]
    assert made.extreme.tolist() == [100, 97]
    assert made.label([0, 44.9, 45, 60]).tolist() == [0, 0, 1, 1]
    assert made.label([-1]).tolist() == [NEVER]


def test_a_retracement_of_a_fifth_begins_a_wave() -> None:
    prices = [100, 90, 92, 89, 86, 87, 85]
    made = observational(np.arange(7), prices, -1)
    assert made.start.tolist() == [0, 3]


def test_rising_episodes_mirror_falling_ones() -> None:
    times = [0, 1, 2, 3, 60]
    down = observational(times, [100, 95, 97, 94, 93], -1)
    up = observational(times, [100, 105, 103, 106, 107], 1)
    assert down.start.tolist() == up.start.tolist()
    with pytest.raises(ModelInputError):
        observational(times, [1] * 5, 0)


def test_no_prices_no_waves() -> None:
    assert len(observational([], [], -1).start) == 0


def test_overlap_is_blind_to_labels_and_sees_splits(scope: Scope) -> None:
    assert overlap([0, 0, 1, 1], [5, 5, 3, 3], scope).value == 1
    assert overlap([0, 0, 0, 0], [0, 0, 1, 1], scope).value == pytest.approx(2 / 6)
    assert overlap([0, 0, 1, 1], [0, 1, 0, 1], scope).value == 0
    partly = overlap([0, 0, NEVER], [0, 0, 1], scope)
    assert (partly.value, partly.n) == (1, 2)
    assert "1 victims" in partly.caveat
    assert overlap([0], [0], scope).value is None
