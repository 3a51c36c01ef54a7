"""Section 4: the three-venue row and its limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.concentration import chi_square
from analytics.models.venue_matrix import build, pooled_gain, pooled_victims

RHO, DEPTH = (3.0, 1.0, 0.5), (4.0, 6.0, 10.0)
ONE = (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("theta", "radius"), [(0.0, 0.75), (0.25, 0.601), (0.5, 0.458), (1.0, 0.225)])
def test_spectral_radius_of_three_venues(theta: float, radius: float) -> None:
    assert build(RHO, DEPTH, theta).spectral_radius == pytest.approx(radius, abs=5e-4)


def test_victims_fragmented_against_pooled() -> None:
    assert build(RHO, DEPTH, 0.0).victims(ONE).sum() == pytest.approx(13.73, abs=5e-3)
    assert pooled_victims(RHO, DEPTH, 1.0) == pytest.approx(5.81, abs=5e-3)


def test_fragmentation_ratio_of_three_venues() -> None:
    assert 1 + chi_square(RHO, DEPTH) == pytest.approx(2.412, abs=5e-4)


def test_waves_sum_to_the_displacement() -> None:
    core = build(RHO, DEPTH, 0.25)
    waves = sum(core.wave(ONE, k) for k in range(200))
    assert waves == pytest.approx(core.displacement(ONE))


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 10)), min_size=1, max_size=6))
def test_pooling_never_raises_the_gain_and_full_arbitrage_is_the_pool(venues: list[tuple[float, float]]) -> None:
    rho, depth = zip(*venues, strict=True)
    assert build(rho, depth, 0.0).spectral_radius >= pooled_gain(rho, depth) - 1e-9
    assert build(rho, depth, 1.0).spectral_radius == pytest.approx(pooled_gain(rho, depth), abs=1e-9)


def test_stable_pooled_and_unstable_fragmented() -> None:
    rho, depth = (6.0, 0.5), (5.0, 20.0)
    with pytest.raises(ModelInputError, match="unstable"):
        build(rho, depth, 0.0).displacement((1.0, 1.0))
    assert np.isfinite(pooled_victims(rho, depth, 1.0))


def test_limits_are_exact() -> None:
    assert build((0.0, 0.0), (1.0, 2.0), 0.3).displacement((1.0, 2.0)).tolist() == [1.0, 2.0]
    assert build((1.0, 1.0), (1e300, 1e300), 0.3).displacement((1.0, 2.0)) == pytest.approx([1.0, 2.0])
    clones = build([0.6] * 5, [1.0] * 5, 0.0)
    assert clones.victims([1.0] * 5).sum() == pytest.approx(pooled_victims([0.6] * 5, [1.0] * 5, 1.0))


def test_weights_and_routes_are_checked() -> None:
    with pytest.raises(ModelInputError, match="row sum"):
        build(RHO, DEPTH, 0.0, oracle=np.eye(3) * 0.5)
    with pytest.raises(ModelInputError, match="column sum"):
        build(RHO, DEPTH, 0.0, routing=np.eye(3) * 2)
    with pytest.raises(ModelInputError, match="positive"):
        build(RHO, (0.0, 1.0, 1.0), 0.0)
