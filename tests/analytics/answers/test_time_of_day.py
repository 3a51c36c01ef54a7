"""Known depth and spread by hour come back, flagged snapshots never count, and too few hours or days are said to be too few."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.time_of_day import time_of_day
from analytics.answers.window import Window
from analytics.lake import open_lake, open_market
from analytics.sources import Silent, import_files
from tests.analytics.report.cascade_lake import BOOKS

_WHERE = """'v' AS venue, 'BTC-P' AS market, 'BTC' AS underlying, 'ms' AS time_resolution, 'exact' AS quality, 'test' AS source,
    'test' AS source_file"""
_DEPTH = f"""
INSERT INTO market.depth BY NAME
SELECT {_WHERE}, moment AS exchange_time, side, band_bps, 1.0 AS base, i % 10 <> 5 AS usable,
    CASE WHEN i % 10 = 5 THEN 'inverted' END AS flag,
    CASE WHEN i % 10 = 5 THEN 1e9 WHEN hour(moment) = 14 THEN 150 WHEN hour(moment) = 2 THEN 50 ELSE 100 END
        * CASE WHEN isodow(moment) > 5 THEN 0.5 ELSE 1 END * band_bps / 80 AS notional_usd
FROM (SELECT i, TIMESTAMP '2025-09-01' + to_minutes(15 * i) AS moment FROM range(28 * 96) AS r(i)),
    (VALUES ('bid'), ('ask')) AS s(side), (VALUES (10.0), (80.0), (400.0)) AS b(band_bps)
WHERE band_bps < 400 OR side = 'bid'
"""
"""Four weeks from a Monday, in USD per side: at 80 bps 150 from 14:00, 50 from 02:00, 100 otherwise, half on weekends. Every tenth
snapshot is inverted; the ask side never reaches 400 bps."""
_BOOKS = f"""
INSERT INTO market.book_snapshots BY NAME
SELECT {_WHERE.replace("'v'", "'w'")}, moment AS exchange_time, moment AS receive_time, 0.0 AS age_ms, 99.0 AS best_bid, 101.0 AS best_ask,
    100.0 AS mid_price, CASE WHEN i % 2 = 1 THEN -5.0 ELSE 1.0 + hour(moment) END AS spread_bps, 98.0 AS bid_floor, 102.0 AS ask_ceiling,
    [99.0] AS bid_prices, [1e6] AS bid_sizes, [101.0] AS ask_prices, [1e6] AS ask_sizes, i % 2 = 0 AS usable
FROM (SELECT i, TIMESTAMP '2025-09-01' + to_minutes(15 * i) AS moment FROM range(16) AS r(i))
"""
"""Four hours of one Monday: the spread is 1 bps in the first hour, 2 in the second; every other snapshot is crossed."""


@pytest.fixture(scope="module")
def quoted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Depth of one venue by hour, books of another."""
    directory = tmp_path_factory.mktemp("quoted")
    with open_market(directory) as writer:
        for statement in (_DEPTH, _BOOKS):
            writer.execute(statement)
    with open_lake(directory) as reader:
        yield reader


def _cells(lake: duckdb.DuckDBPyConnection, measure: str) -> dict[tuple[int, bool], dict[str, Any]]:
    return {(row["hour_utc"], row["weekend"]): row for row in time_of_day(lake).to_pylist() if row["measure"] == measure}


def test_a_known_depth_by_hour_comes_back(quoted: duckdb.DuckDBPyConnection) -> None:
    cells = _cells(quoted, "depth")
    assert len(cells) == 48
    assert {row["band_bps"] for row in cells.values()} == {80.0}
    known = {(14, False): 300, (2, False): 100, (9, False): 200, (14, True): 150, (2, True): 50}
    assert {key: cells[key]["depth_usd_p50"] for key in known} == known
    row = cells[9, False]
    assert (row["best_over_worst"], row["best_over_worst_low"], row["best_over_worst_high"], row["days"]) == (3.0, 3.0, 3.0, 20)
    assert (row["note"], row["quality"], row["window"]) == (None, "exact", "all that was recorded")
    assert cells[9, True]["best_over_worst"] is None
    assert sum(row["n"] for row in cells.values()) == 28 * 96 - 28 * 96 // 10 - 1


def test_few_hours_have_no_ratio(quoted: duckdb.DuckDBPyConnection) -> None:
    cells = _cells(quoted, "spread")
    assert {hour: row["spread_bps_p50"] for (hour, _), row in cells.items()} == {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}
    assert {row["n"] for row in cells.values()} == {2}
    assert {(row["best_over_worst"], row["note"]) for row in cells.values()} == {(None, "4 of 24 hours recorded: no ratio")}


def test_one_day_has_no_interval(quoted: duckdb.DuckDBPyConnection) -> None:
    monday = Window(datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 9, 2, tzinfo=UTC))
    row = time_of_day(quoted, monday, "BTC").to_pylist()[0]
    assert (row["best_over_worst"], row["best_over_worst_low"], row["note"]) == (3.0, None, "one day: no interval")


def test_the_cost_of_two_venues_in_their_hour(tmp_path: Path) -> None:
    """Bids of 9,900 and 100 ETH at 99, then plenty at 98: half of 1,000 ETH is 500 in each, of which the thin venue takes 100 at 99."""
    with open_market(tmp_path) as writer:
        writer.execute(BOOKS)
    with open_lake(tmp_path) as lake:
        found = time_of_day(lake)
    (row,) = [row for row in found.to_pylist() if row["measure"] == "fragmentation cost"]
    assert (row["venue"], row["market"], row["hour_utc"], row["n"]) == ("deep + thin", None, 0, 10)
    assert row["cost_bps_p50"] == pytest.approx(400 / 1000 * 100, rel=0.01)
    assert any("selling 100,000 USD" in note for note in notes_of(found))


def test_nothing_has_a_reason(quoted: duckdb.DuckDBPyConnection, empty_lake: duckdb.DuckDBPyConnection) -> None:
    assert reason_of(time_of_day(empty_lake)) == "no usable order books nor pools in all that was recorded"
    assert reason_of(time_of_day(quoted, None, "ETH")) == "no usable order books nor pools of ETH in all that was recorded"
    assert any("18:00 UTC" in note for note in notes_of(time_of_day(quoted)))


def test_depth_by_hour_of_10_october_2025(shared_data: Path, tmp_path: Path) -> None:
    """Binance BTCUSDT: only what was recorded before the file breaks at 15:21; 1,841 snapshots of 2,879."""
    with open_market(tmp_path) as lake:
        import_files(lake, "binance_book_depth", [shared_data / "oct10_trades_depth" / "BTCUSDT-bookDepth-2025-10-10.csv"], Silent())
    with open_lake(tmp_path) as lake:
        found = time_of_day(lake)
    rows = found.to_pylist()
    assert [row["hour_utc"] for row in rows] == list(range(16))
    assert {row["measure"] for row in rows} == {"depth"}
    assert sum(row["n"] for row in rows) == 1_841
    assert {row["hour_utc"]: round(row["depth_usd_p50"] / 1e6, 1) for row in rows if row["hour_utc"] in (0, 10, 15)} == {
        0: 517.5,
        10: 598.8,
        15: 372.2,
    }
    assert rows[0]["best_over_worst"] == pytest.approx(598.76 / 372.20, abs=0.001)
    assert rows[0]["note"] == "16 of 24 hours recorded; one day: no interval"
    assert any("969 snapshots flagged 'inverted' and not used" in note for note in notes_of(found))
