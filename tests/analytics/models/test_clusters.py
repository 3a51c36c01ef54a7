"""M3: planted clusters are found where they were planted, and touch probabilities are those of a simulated path."""

import numpy as np
import pytest

from analytics.models.clusters import find, tier_slope, touch_probability
from analytics.models.figure import Scope
from analytics.models.liquidation_map import LiquidationMap, build, levels

MARK = 90_000.0


def _planted(scope: Scope, peaks: tuple[float, ...]) -> LiquidationMap:
    rng = np.random.default_rng(2)
    background = MARK * np.exp(rng.uniform(0, 0.2, 4000))
    planted = np.concatenate([peak * np.exp(rng.normal(0, 0.001, 300)) for peak in peaks])
    price = np.concatenate([background, planted])
    return build(levels(price, np.full(len(price), -1), np.full(len(price), 1e5)), MARK, scope)


def test_planted_clusters_are_found_and_nothing_else(scope: Scope) -> None:
    found = find(_planted(scope, (93_000.0, 99_000.0)), -1, 0.005, 24)
    large = [cluster for cluster in found if cluster.notional > 1e7]
    assert [round(cluster.peak, -3) for cluster in large] == [93_000, 99_000]
    assert all(cluster.low < cluster.peak < cluster.high for cluster in found)
    assert large[0].distance == pytest.approx(93_000 / MARK - 1, abs=0.002)
    assert large[0].sigmas == pytest.approx(large[0].distance / (0.005 * np.sqrt(24)))
    assert sum(cluster.notional for cluster in found) - sum(cluster.notional for cluster in large) < 1e7
    assert find(_planted(scope, (93_000.0,)), 1, 0.005, 24) == ()


def test_a_cluster_begins_three_median_deviations_above_the_median(scope: Scope) -> None:
    """Ripples of +-10 % around 1: median 1, MAD 0.1 before smoothing. A plateau of 1.2 is none, one of 1.6 is one."""
    for height, clusters in ((1.2, 0), (1.6, 1)):
        usd = np.where(np.arange(400) // 10 % 2 == 0, 0.9, 1.1)
        usd[200:230] = height
        centres = MARK * np.exp(0.001 * (np.arange(400) + 0.5))
        found = find(build(levels(centres, np.full(400, -1), usd), MARK, scope), -1, 0.005, 24)
        assert len(found) == clusters


def test_long_clusters_mirror_short_ones(scope: Scope) -> None:
    above = _planted(scope, (95_000.0,))
    mirrored = build(
        levels(MARK**2 / above.centres[above.shorts > 0], np.ones((above.shorts > 0).sum()), above.shorts[above.shorts > 0]), MARK, scope
    )
    short = max(find(above, -1, 0.005, 24), key=lambda cluster: cluster.notional)
    long = max(find(mirrored, 1, 0.005, 24), key=lambda cluster: cluster.notional)
    assert long.notional == pytest.approx(short.notional)
    assert long.peak == pytest.approx(MARK**2 / short.peak, rel=1e-9)
    assert long.low < long.peak < MARK


def test_touch_probability_is_that_of_a_random_walk() -> None:
    rng = np.random.default_rng(5)
    steps, paths, spread = 1500, 3000, 0.04
    highest = np.zeros(paths)
    path = np.zeros(paths)
    for _ in range(steps):
        path += rng.normal(0, spread / np.sqrt(steps), paths)
        np.maximum(highest, path, out=highest)
    discretisation = 0.5826 * spread / np.sqrt(steps)
    touched = float((highest >= 0.05 - discretisation).mean())
    expected = touch_probability(MARK * np.exp(0.05), MARK, spread)
    assert touched == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / paths))
    assert touch_probability(MARK, MARK, spread) == 1


def test_tier_slope_recovers_densifying_tiers(scope: Scope) -> None:
    centres = MARK * np.exp(0.001 * (np.arange(200) + 0.5))
    rng = np.random.default_rng(3)
    usd = 1e6 * np.exp(6.0 * (centres / MARK - 1) + rng.normal(0, 0.1, 200))
    figure = tier_slope(build(levels(centres, np.full(200, -1), usd), MARK, scope), -1, scope)
    assert figure.value == pytest.approx(6.0, abs=0.4)
    assert figure.interval is not None
    assert figure.interval[0] < 6.0 < figure.interval[1]


def test_an_empty_side_has_no_clusters_and_no_slope(scope: Scope) -> None:
    empty = build(levels([], [], []), MARK, scope)
    assert find(empty, 1, 0.01, 1) == ()
    assert tier_slope(empty, 1, scope).value is None
