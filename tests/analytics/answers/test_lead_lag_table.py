"""A market that repeats another's price 0.7 s later is 0.7 s behind; what is too thin or too coarse is said to be."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.asked_for import range_of
from analytics.answers.lead_lag_table import lead_lag, lead_lag_curves
from analytics.answers.window import Window
from analytics.lake import open_lake, open_market
from analytics.sources import Silent, import_files

_TRADES = """
INSERT INTO market.trades BY NAME
SELECT venue, 'M' AS market, underlying, 'perpetual' AS instrument, place::VARCHAR AS trade_id,
    make_timestamp(1748736000000000 + us) AS exchange_time, make_timestamp(1748736000000000 + us + late_us) AS receive_time,
    resolution AS time_resolution, 'buy' AS side, price, 1.0 AS base,
    price AS notional_usd, 'exact' AS quality, 'test' AS source, 'test' AS source_file
FROM trades
"""
_SECONDS = 1_000
_WINDOW = Window(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, 1, tzinfo=UTC))


def _trades(venue: str, time: np.ndarray, price: np.ndarray, *, asset: str = "BTC", late_us: int = 0, resolution: str = "ms") -> pa.Table:
    n = len(time)
    columns = {"venue": [venue] * n, "underlying": [asset] * n, "resolution": [resolution] * n, "late_us": [late_us] * n}
    return pa.table(columns | {"us": np.round(time * 1e6).astype(np.int64), "price": price, "place": np.arange(n)})


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """BTC: v leads w by 0.7 s, but its trades are received 0.3 s late; u prints its price once. ETH: two markets that stamp in seconds, two
    apart. SOL: two markets that do not overlap. Every trade of v is preceded by another of its time, of any price."""
    rng = np.random.default_rng(16)
    grid = np.arange(0, _SECONDS, 0.05)
    path = 100 * np.exp(np.cumsum(rng.normal(0, 1e-4, len(grid))))
    lead, follow = (np.unique(np.round(rng.uniform(5, _SECONDS - 5, 3_000), 3)) for _ in range(2))
    stale = _trades("v", lead, rng.uniform(90, 110, len(lead)), late_us=300_000)
    second = np.arange(5.0, _SECONDS - 5)
    made = [
        stale,
        _trades("v", lead, np.interp(lead, grid, path), late_us=300_000).set_column(6, "place", pa.array(np.arange(len(lead)) + 10_000)),
        _trades("w", follow, np.interp(follow - 0.7, grid, path)),
        _trades("u", np.array([10.0, 20.0]), np.array([1.0, 2.0])),
        _trades("v", second, np.interp(second, grid, path), asset="ETH", resolution="s"),
        _trades("w", second, np.interp(second - 2, grid, path), asset="ETH"),
        _trades("v", grid[:200], path[:200], asset="SOL"),
        _trades("w", grid[300:500], path[300:500], asset="SOL"),
    ]
    directory = tmp_path_factory.mktemp("traded")
    with open_market(directory) as writer:
        writer.register("trades", pa.concat_tables(made))
        writer.execute(_TRADES)
    with open_lake(directory) as reader:
        yield reader


def _only(lake: duckdb.DuckDBPyConnection, asset: str) -> dict[str, Any]:
    (row,) = lead_lag(lake, _WINDOW, asset).to_pylist()
    return dict(row)


def test_a_lag_of_700_ms_comes_back(traded: duckdb.DuckDBPyConnection) -> None:
    row = _only(traded, "BTC")
    assert (row["first"], row["second"], row["lag_s"]) == ("v M", "w M", 0.7)
    assert (row["lag_low_s"], row["lag_high_s"]) == (pytest.approx(0.7, abs=0.11), pytest.approx(0.7, abs=0.11))
    assert row["lag_receive_s"] == pytest.approx(0.4)
    assert row["correlation"] > 0.5
    assert row["ratio"] > 1
    assert 2_900 < row["n"] < 3_000
    assert (row["resolution"], row["note"], row["quality"], row["window"]) == ("ms", None, "exact", _WINDOW.words)


def test_the_curve_is_that_of_the_row(traded: duckdb.DuckDBPyConnection) -> None:
    rows = lead_lag_curves(traded, _WINDOW, "BTC").to_pylist()
    assert [rows[0]["lag_s"], rows[-1]["lag_s"], len(rows)] == [-10.0, 10.0, 201]
    best = max(rows, key=lambda row: row["correlation"])
    shown = _only(traded, "BTC")
    assert [best[name] for name in ("lag_s", "correlation", "n")] == [shown[name] for name in ("lag_s", "correlation", "n")]


def test_stamps_in_seconds_give_steps_of_a_second(traded: duckdb.DuckDBPyConnection) -> None:
    row = _only(traded, "ETH")
    assert (row["lag_s"], row["resolution"], row["note"]) == (2.0, "s", "steps of 1 s: a source's stamps are no finer")
    assert len(lead_lag_curves(traded, _WINDOW, "ETH")) == 21


def test_what_is_too_thin_is_said_to_be(traded: duckdb.DuckDBPyConnection, empty_lake: duckdb.DuckDBPyConnection) -> None:
    assert "BTC u M left out: 1 price changes" in notes_of(lead_lag(traded, _WINDOW))
    row = _only(traded, "SOL")
    assert (row["lag_s"], row["n"], row["note"]) == (None, 0, "only 0 price changes in the time both traded in")
    assert lead_lag_curves(traded, _WINDOW, "SOL").num_rows == 0
    assert reason_of(lead_lag(traded, _WINDOW, "XRP")).startswith("no two markets of one asset with 50 price changes in trades of XRP in")
    assert reason_of(lead_lag(empty_lake)).startswith("no two markets of one asset")


def test_coinbase_against_binance_on_10_october_2025(shared_data: Path, tmp_path: Path) -> None:
    """Before the fall AVAX moves together to a tenth of a second; in the crash no lag stands out, and none is claimed."""
    files = ("binance-delivery_trades_2025-10-10_AVAXUSD_PERP", "coinbase_trades_2025-10-10_AVAX-USD")
    with open_market(tmp_path) as lake:
        import_files(lake, "tardis_trades", [shared_data / "oct10_trades_depth" / f"{name}.csv.gz" for name in files], Silent())
    with open_lake(tmp_path) as lake:
        (before,) = lead_lag(lake, range_of("2025-10-10/2025-10-10T20:45")).to_pylist()
        crash = lead_lag(lake, range_of("2025-10-10T20:45/2025-10-10T22:00"))
    (row,) = crash.to_pylist()
    assert (before["first"], before["lag_s"], before["lag_low_s"], before["lag_high_s"]) == ("coinbase AVAX-USD", -0.1, -0.1, 0.0)
    assert (round(before["correlation"], 2), before["n"]) == (0.76, 12_459)
    assert (row["first"], row["n"], row["resolution"]) == ("binance_coinm AVAXUSD_PERP", 13_539, "ms")
    assert row["note"] == "neither is known to lead"
    assert row["lag_high_s"] - row["lag_low_s"] > 10
    assert abs(row["correlation"]) < 0.05
