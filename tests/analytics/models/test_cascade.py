"""Closed forms of section 4: one venue. The iteration must reproduce each of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models import closed_forms
from analytics.models.arrays import ModelInputError
from analytics.models.cascade import level_impact, linear_law, propagate, propagate_with_recovery, square_root_law

FAR = 1e6


@given(st.floats(0, 0.95), st.floats(0.01, 100))
def test_uniform_density_amplifies_by_one_over_one_minus_gain(gain: float, x0: float) -> None:
    made = propagate(x0, lambda x: gain * x, limit=FAR * x0)
    assert made.stopped
    assert made.final == pytest.approx(closed_forms.uniform(x0, gain), rel=1e-6)


def test_gain_of_six_tenths_gives_two_and_a_half_in_geometric_waves() -> None:
    made = propagate(1.0, lambda x: 0.6 * x, limit=FAR)
    assert made.final == pytest.approx(2.5)
    assert made.waves[:8] == pytest.approx([closed_forms.uniform_wave(1.0, 0.6, wave) for wave in range(8)])


def test_a_cluster_runs_through_and_overshoots() -> None:
    gain, width, near = 1.5, 2.0, 3.0
    made = propagate(near + 1e-9, lambda x: gain * min(max(x - near, 0.0), width), limit=FAR)
    assert made.final - (near + width) == pytest.approx(closed_forms.cluster_overshoot(gain, width), abs=1e-6)
    assert closed_forms.cluster_overshoot(gain, width) == 1.0
    untouched = propagate(near - 1e-9, lambda x: gain * min(max(x - near, 0.0), width), limit=FAR)
    assert untouched.final == near - 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0.05, 2))
def test_discrete_levels_fire_as_by_brute_force(seed: int, count: int, price_per_base: float) -> None:
    rng = np.random.default_rng(seed)
    levels, quantity = np.sort(rng.uniform(0, 10, count)), rng.uniform(0.1, 2, count)
    x0 = float(rng.uniform(0, 10))
    fired = 0
    while fired < count and x0 + price_per_base * quantity[:fired].sum() >= levels[fired]:
        fired += 1
    made = propagate(x0, level_impact(levels, quantity, linear_law(price_per_base)), limit=FAR)
    assert made.final == pytest.approx(x0 + price_per_base * quantity[:fired].sum())
    assert int((levels <= made.final).sum()) == fired


def test_square_root_impact_rests_at_its_closed_form() -> None:
    law = square_root_law(0.5)
    made = propagate(1.0, law, limit=FAR)
    assert made.final == pytest.approx(closed_forms.square_root(1.0, 0.5), abs=1e-9)
    assert closed_forms.square_root(1.0, 0.5) == pytest.approx(1.6404, abs=5e-5)
    assert propagate(1e-9, law, limit=FAR).final == pytest.approx(0.25, rel=1e-3)


def test_withdrawal_of_makers_has_a_critical_move() -> None:
    gain, growth = 0.4, 0.2

    def impact(x: float) -> float:
        return gain * (x + growth * x * x / 2)

    assert closed_forms.withdrawal(1.0, gain, growth) == pytest.approx(1.9098, abs=5e-5)
    assert closed_forms.withdrawal_critical(gain, growth) == pytest.approx(2.25)
    assert propagate(1.0, impact, limit=FAR).final == pytest.approx(1.9098, abs=5e-5)
    assert propagate(2.24, impact, limit=FAR).stopped
    assert not propagate(2.26, impact, limit=FAR).stopped
    assert closed_forms.withdrawal(2.26, gain, growth) == float("inf")


@pytest.mark.parametrize(("gain", "retained", "extreme"), [(0.5, 0.9, 1.73), (0.5, 0.4, 1.50)])
def test_recovery_between_waves(gain: float, retained: float, extreme: float) -> None:
    made = propagate_with_recovery(1.0, gain, retained, limit=FAR)
    assert made.final == pytest.approx(extreme)
    assert (len(made.reached) > 2) is closed_forms.second_wave_continues(gain, retained)


@given(st.floats(0.05, 0.95), st.floats(0, 1))
def test_second_wave_continues_exactly_above_the_threshold(gain: float, retained: float) -> None:
    if abs(gain - (1 - retained)) < 1e-6:
        return
    made = propagate_with_recovery(1.0, gain, retained, limit=FAR)
    assert (len(made.reached) > 2) is (gain > 1 - retained)


def test_nothing_to_liquidate_amplifies_nothing() -> None:
    assert propagate(3.0, lambda _: 0.0, limit=FAR).final == 3.0
    assert propagate(3.0, level_impact([1.0, 2.0], [5.0, 5.0], linear_law(0.0)), limit=FAR).final == 3.0


def test_bad_moves_are_refused() -> None:
    with pytest.raises(ModelInputError):
        propagate(-1.0, lambda x: x, limit=1)
    with pytest.raises(ModelInputError):
        closed_forms.uniform(1.0, 1.0)
