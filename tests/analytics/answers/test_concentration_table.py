"""M15 on books, liquidations and open interest of known shares."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import analytics
from analytics.answers.annotated import reason_of
from analytics.lake import open_lake, open_market

LIQUIDATIONS = """
INSERT INTO market.liquidations BY NAME
SELECT venue, 'ETH' || venue AS market, 'ETH' AS underlying, venue || i AS event_id,
    TIMESTAMP '2025-03-21 00:00:20' + to_seconds(i) AS exchange_time, 's' AS time_resolution, 'long' AS side, usd / 100 AS base,
    100.0 AS fill_price, usd AS notional_usd, 'fill' AS price_basis, 'book' AS method, 'trader' AS stage, quality, 'test' AS source,
    'test' AS source_file
FROM range(4) AS r(i), (
    VALUES ('deep', 1000.0, 'exact'), ('thin', 3000.0, 'exact'), ('nodepth', 500.0, 'exact'), ('deep', 50.0, 'sampled')
) AS v(venue, usd, quality)
"""
DEPTH = """
INSERT INTO market.depth BY NAME
SELECT venue, 'ETH' || venue AS market, 'ETH' AS underlying, TIMESTAMP '2025-03-21 00:00:20' AS exchange_time,
    'ms' AS time_resolution, side, 100.0 AS band_bps, usd / 100 AS base, usd AS notional_usd, true AS usable, 'exact' AS quality,
    'test' AS source, 'test' AS source_file
FROM (VALUES ('bid'), ('ask')) AS s(side), (VALUES ('deep', 900.0), ('thin', 100.0)) AS v(venue, usd)
"""
OPEN_INTEREST = """
INSERT INTO market.open_interest BY NAME
SELECT venue, 'ETH' || venue AS market, 'ETH' AS underlying, TIMESTAMP '2025-03-21 00:00:20' AS exchange_time, 's' AS time_resolution,
    usd AS notional_usd, 'exact' AS quality, 'test' AS source, 'test' AS source_file
FROM (VALUES ('deep', 700.0), ('thin', 300.0)) AS v(venue, usd)
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Three venues; the third has liquidations and no depth."""
    directory = tmp_path_factory.mktemp("venues")
    with open_market(directory) as writer:
        for statement in (LIQUIDATIONS, DEPTH, OPEN_INTEREST):
            writer.execute(statement)
    with open_lake(directory) as reader:
        yield reader


def test_shares_and_the_flow_that_goes_where_no_depth_is(lake: duckdb.DuckDBPyConnection) -> None:
    rows = {(row["measure"], row["quality"]): row for row in analytics.concentration(lake).to_pylist()}
    flow = rows["liquidations", "exact"]
    assert (flow["venues"], flow["n"], flow["total_usd"]) == (["thin", "deep", "nodepth"], 12, 18_000.0)
    assert flow["shares"] == pytest.approx([12 / 18, 4 / 18, 2 / 18])
    assert flow["hhi"] == pytest.approx((144 + 16 + 4) / 324)
    assert flow["effective_venues"] == pytest.approx(324 / 164)
    # Of the two venues with depth: a quarter of the flow meets nine tenths of the depth.
    assert flow["mismatch"] == pytest.approx(0.25**2 / 0.9 + 0.75**2 / 0.1 - 1)
    assert flow["note"] == "mismatch over deep, thin"
    depth = rows["depth within 100 bps", "exact"]
    assert (depth["venues"], depth["total_usd"], depth["mismatch"]) == (["deep", "thin"], 2_000.0, None)
    assert rows["open interest", "exact"]["hhi"] == pytest.approx(0.58)


def test_sampled_and_exact_stay_apart(lake: duckdb.DuckDBPyConnection) -> None:
    (sampled,) = [row for row in analytics.concentration(lake).to_pylist() if row["quality"] == "sampled"]
    assert (sampled["total_usd"], sampled["hhi"], sampled["mismatch"]) == (200.0, 1.0, None)
    assert "fewer than two venues" in sampled["note"]


def test_nothing_has_a_reason(nothing: Path) -> None:
    with open_lake(nothing) as empty:
        assert reason_of(analytics.concentration(empty)).startswith("no liquidations, depth, volume or open interest")
