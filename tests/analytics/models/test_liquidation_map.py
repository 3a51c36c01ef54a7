"""M2, and the worked numbers of seed S1 (a map of 14 to 1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.liquidation_map import (
    RATIO_CAP,
    Levels,
    asymmetry,
    build,
    coverage,
    distance,
    levels,
    long_beyond,
    mean_density,
    ratio,
    short_beyond,
)

MARK = 71_450.0


def _random(rng: np.random.Generator, count: int) -> Levels:
    side = rng.choice([-1, 1], count)
    price = MARK * np.exp(-side * rng.exponential(0.1, count))
    return levels(price, side, rng.lognormal(10, 1, count))


def test_seed_distances() -> None:
    assert [round(100 * distance(level, MARK), 1) for level in (84_000, 90_000, 100_000)] == [17.6, 26.0, 40.0]


def test_seed_mean_density(scope: Scope) -> None:
    assert mean_density(14e9, 84_000, 100_000, scope).value == pytest.approx(0.875e9)


def test_seed_asymmetry_is_fourteen_with_unstated_windows(scope: Scope) -> None:
    value, logarithm = ratio(14e9, 1e9, scope, 2)
    assert value.value == pytest.approx(14)
    assert logarithm.value == pytest.approx(np.log(14))
    assert "not stated" in value.caveat


def test_asymmetry_of_a_map_like_the_seed_by_window(scope: Scope) -> None:
    prices = [*np.linspace(84_100, 100_000, 160), *np.linspace(60_000, 70_000, 10)]
    at = levels(prices, [-1] * 160 + [1] * 10, [14e9 / 160] * 160 + [1e8] * 10)
    by_window = {window: figure for window, figure, _ in asymmetry(at, MARK, scope)}
    assert by_window[0.50].value == pytest.approx(14)
    assert by_window[0.10].value == 0
    assert by_window[0.25].value is not None
    assert 0 < by_window[0.25].value < 14


def test_no_longs_is_capped_and_flagged(scope: Scope) -> None:
    at = levels([80_000.0], [-1], [5.0])
    _, figure, _ = asymmetry(at, MARK, scope, (0.25,))[0]
    assert figure.value == RATIO_CAP
    assert "capped" in figure.caveat
    _, empty, logarithm = asymmetry(at, MARK, scope, (0.02,))[0]
    assert empty.value is None
    assert logarithm.value is None


def test_bins_are_ten_basis_points_of_log_price(scope: Scope) -> None:
    at = levels([MARK * np.exp(-0.0005), MARK * np.exp(0.0015)], [1, -1], [3.0, 4.0])
    built = build(at, MARK, scope)
    assert built.longs[built.zero - 1] == 3.0
    assert built.shorts[built.zero + 1] == 4.0
    assert np.diff(np.log(built.edges)) == pytest.approx(np.full(len(built.longs), 0.001))
    assert built.edges[built.zero] == pytest.approx(MARK)


@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_every_dollar_is_on_the_map_or_accounted_for(seed: int, count: int) -> None:
    at = _random(np.random.default_rng(seed), count)
    price = at.price.copy()
    price[::7] = np.nan
    price[3::11] = MARK * 1.02
    at = levels(price, at.side, at.notional)
    now = np.arange(count) % 13 == 5
    built = build(at, MARK, Scope("w", "exact"), immediate=now)
    out = built.excluded
    total = built.longs.sum() + built.shorts.sum() + out.unreachable + out.immediate + out.hedged + out.out_of_range
    assert total == pytest.approx(at.notional.sum())


@given(st.integers(0, 2**32 - 1))
def test_cumulatives_run_outward_and_equal_the_exact_sums_at_edges(seed: int) -> None:
    at = _random(np.random.default_rng(seed), 150)
    built = build(at, MARK, Scope("w", "exact"))
    edges = built.edges
    for index in (0, 100, built.zero - 1):
        assert built.long_outward()[index] == pytest.approx(long_beyond(at, MARK, float(edges[index]) * (1 - 1e-12)))
    for index in (built.zero, built.zero + 50, len(built.shorts) - 1):
        assert built.short_outward()[index] == pytest.approx(short_beyond(at, MARK, float(edges[index + 1]) * (1 - 1e-12)))


def test_a_price_on_the_boundary_is_crossed_and_one_at_the_mark_is_not() -> None:
    at = levels([90.0, 100.0, 100.0, 110.0], [1, 1, -1, -1], [1.0, 2.0, 4.0, 8.0])
    assert long_beyond(at, 100.0, 90.0) == 1.0
    assert short_beyond(at, 100.0, 110.0) == 8.0


def test_coverage_counts_known_positions_reachable_or_not(scope: Scope) -> None:
    at = levels([MARK * 0.9, np.nan, MARK * 1.1], [1, 1, -1], [MARK, MARK, MARK])
    assert coverage(at, 1, 4.0, MARK, scope).value == pytest.approx(0.5)
    over = coverage(at, -1, 0.5, MARK, scope)
    assert over.value == pytest.approx(2.0)
    assert "stale" in over.caveat
    assert coverage(at, -1, 0.0, MARK, scope).value is None


def test_bad_positions_are_refused(scope: Scope) -> None:
    with pytest.raises(ModelInputError, match="negative"):
        levels([1.0], [1], [-1.0])
    with pytest.raises(ModelInputError, match="\\+1"):
        levels([1.0], [0], [1.0])
    with pytest.raises(ModelInputError, match="lengths differ"):
        levels([1.0, 2.0], [1], [1.0])
    with pytest.raises(ModelInputError, match="positive"):
        build(levels([1.0], [1], [1.0]), 0.0, scope)
