"""M8 and M9 out of the map and the pool of a lake of known size, and amplification by timing of generated liquidations."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import analytics
from analytics.answers.annotated import reason_of
from analytics.lake import open_lake, open_market
from analytics.models.hawkes import constant, simulate
from tests.analytics.answers.test_gain_table import added
from tests.analytics.keeper_lake import change


@pytest.fixture
def lake(cascade: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cascade, read-only."""
    with open_lake(cascade) as connection:
        yield connection


def test_the_outside_move_reaches_two_and_their_impact_nobody_more(lake: duckdb.DuckDBPyConnection) -> None:
    (row,) = analytics.structure(lake).to_pylist()
    assert (row["market"], row["side"], row["wave"], row["n"], row["notional_usd"]) == ("ETH", "long", 0, 2, 30_000.0)
    assert row["reached_usd"] == pytest.approx(80)
    assert row["exogenous_move"] == pytest.approx(0.2)
    final = 20 + added(10_000, 95) + added(20_000, 90)
    assert row["final_move"] == pytest.approx(final / 100, rel=1e-3)
    assert row["amplification_gain"] == pytest.approx(final / 20, rel=1e-3)
    assert (row["overlap"], row["overlap_n"]) == (1.0, 2)


def test_a_thinner_pool_makes_a_second_wave(cascade: Path, tmp_path: Path) -> None:
    """At a seventh of the liquidity the first two positions push the price through 70."""
    thin = shutil.copytree(cascade, tmp_path / "lake")
    change(
        thin,
        "UPDATE lake.main.pool_ranges SET liquidity_raw = (liquidity_raw::HUGEINT // 7)::VARCHAR",
    )
    with open_lake(thin) as lake:
        rows = analytics.structure(lake).to_pylist()
    assert [(row["wave"], row["n"], row["notional_usd"]) for row in rows] == [(0, 2, 30_000.0), (1, 1, 40_000.0)]
    final = 20 + 7 * sum(added(*one) for one in ((10_000, 95), (20_000, 90), (40_000, 70)))
    assert rows[0]["final_move"] == pytest.approx(final / 100, rel=1e-3)


def test_three_amplifications_side_by_side(lake: duckdb.DuckDBPyConnection) -> None:
    (row,) = analytics.amplification(lake).to_pylist()
    assert row["amplification_gain"] == pytest.approx((20 + added(10_000, 95) + added(20_000, 90)) / 20, rel=1e-3)
    assert row["amplification_observed"] == pytest.approx(20 / 2.5)
    assert row["amplification_hawkes"] is None
    assert row["note"] == "amplification from branching: 2 events, 10 needed"
    assert row["spread_ratio"] == pytest.approx(row["amplification_observed"] / row["amplification_gain"])


def test_branching_of_liquidations_with_a_known_ratio(tmp_path: Path) -> None:
    """n = 0.6 within the interval; without self-excitation n is near 0 and the null is not rejected."""
    rng = np.random.default_rng(3)
    clustered = simulate(constant(0.2, 800.0), 0.6, 2.0, rng)
    plain = simulate(constant(0.2, 800.0), 0.0, 1.0, rng)
    with open_market(tmp_path) as writer:
        for name, times in (("AAA", clustered), ("BBB", plain)):
            writer.register("moments", pa.table({"t": times}))
            writer.execute(
                "INSERT INTO market.liquidations BY NAME "
                "SELECT 'v' AS venue, $name AS market, $name AS underlying, t::VARCHAR AS event_id, "
                "TIMESTAMP '2025-01-01' + to_microseconds((t * 1e6)::BIGINT) AS exchange_time, 'us' AS time_resolution, 'long' AS side, "
                "1.0 AS base, 100 - t / 1000 AS fill_price, 100.0 AS notional_usd, 'fill' AS price_basis, 'book' AS method, "
                "'trader' AS stage, 'exact' AS quality, 'test' AS source, 'test' AS source_file FROM moments",
                {"name": name},
            )
    with open_lake(tmp_path) as lake:
        rows = {row["underlying"]: row for row in analytics.amplification(lake).to_pylist()}
    assert rows["AAA"]["branching_low"] < 0.6 < rows["AAA"]["branching_high"]
    assert rows["AAA"]["amplification_hawkes"] == pytest.approx(1 / (1 - rows["AAA"]["branching_ratio"]), rel=1e-3)
    assert rows["AAA"]["poisson_null_p"] < 0.05
    assert rows["BBB"]["branching_ratio"] < 0.2
    assert rows["BBB"]["poisson_null_p"] > 0.05
    assert rows["AAA"]["amplification_observed"] is None
    assert "say nothing about the price before them" in rows["AAA"]["note"]


def test_what_is_missing_is_named(nothing: Path) -> None:
    with open_lake(nothing) as lake:
        assert reason_of(analytics.structure(lake)).startswith("no snapshot of positions")
        assert reason_of(analytics.amplification(lake)).startswith("no liquidations")
