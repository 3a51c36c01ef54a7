"""Reports on real recordings: the figures of their descriptions, to the digit."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import analytics
from analytics.answers.asked_for import asked_for, range_of
from analytics.lake import open_lake, open_market
from analytics.report import write_report
from analytics.sources import KINDS, Silent, detect_kind, import_files

Open = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def opened(shared_data: Path, tmp_path: Path) -> Iterator[Open]:
    """A lake with some recordings, each under the kind it is found to be."""
    readers: list[duckdb.DuckDBPyConnection] = []

    def opened(*names: str) -> duckdb.DuckDBPyConnection:
        with open_market(tmp_path / "lake") as lake:
            paths = [shared_data / name for name in names]
            for kind in KINDS:
                if mine := [path for path in paths if detect_kind(path) == kind]:
                    import_files(lake, kind, mine, Silent())
        readers.append(open_lake(tmp_path / "lake"))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.close()


def test_the_cascade_of_11_december_2025(opened: Open, tmp_path: Path) -> None:
    """Binance's throttled feed, its open interest around it, and Hyperliquid's published day beside it."""
    around = [f"binance_liq_20251211/binance_oi_5m/{coin}_{what}.csv" for coin in ("BTC", "ETH", "SOL") for what in ("oi_5m", "funding")]
    lake = opened("binance_liq_20251211/binance_forceorder_liq_data.csv", *around, "crossvenue_finm33150/liquidation_volume.parquet")
    made = write_report(lake, asked_for(lake, "2025-12-11T01:36/2025-12-11T03:19"), tmp_path / "report")
    tables = {name: table.to_pylist() for section in made.sections for name, table in section.tables.items()}
    total = tables["headline"][-1]
    assert (total["asset"], total["quality"], total["n"], total["long_n"], total["short_n"]) == ("total", "sampled", 10_000, 9_107, 893)
    assert [round(total[name] / 1e6, 2) for name in ("long_usd", "short_usd", "total_at_fill_usd")] == [38.71, 1.10, 40.27]
    assert (total["peak_minute"], total["peak_minute_events"]) == (datetime(2025, 12, 11, 2, 18), 881)  # noqa: DTZ001 lake times carry no offset
    assert round(total["peak_minute_usd"] / 1e6, 2) == 4.72
    (reject,) = [row for row in tables["quality"] if row["topic"] == "reject"]
    assert reject["n"] == 1
    assert "first at line 1: AMB" in reject["finding"]
    regimes = {row["underlying"]: row for row in tables["regime"]}
    assert set(regimes) == {"BTC", "ETH", "SOL"}
    assert regimes["ETH"]["verdict"] == "fragility remains"
    assert 0 < regimes["ETH"]["flush"] < 0.10
    charts = {chart.name for section in made.sections for chart in section.charts}
    assert {"open_interest_BTC", "open_interest_ETH", "open_interest_SOL", "price_ETH", "cumulative"} <= charts
    beside = {row["asset"]: row for row in tables["published_totals"] if row["venue"] == "hyperliquid"}
    assert [round(beside["BTC"][name] / 1e6, 1) for name in ("total_usd", "long_usd", "short_usd")] == [63.3, 37.9, 22.8]
    assert beside["BTC"]["n"] == 4_576
    html = made.html.read_text("utf-8")
    for expected in ("39,810,302", "40,273,295", "4,718,450", "lower bound", "63,283,773", "AMB"):
        assert expected in html


def test_one_liquidation_is_one(opened: Open) -> None:
    """The wire prints it on both fills."""
    lake = opened("hl_wire_fills_20251027/node_fills_by_block_20251027T17.jsonl")
    (row,) = analytics.liquidations(lake).to_pylist()
    assert (row["underlying"], row["size_base"], row["price_usd"], row["quality"], row["stage"]) == (
        "WLFI",
        890.0,
        0.15327,
        "exact",
        "trader",
    )
    assert [line["n"] for line in analytics.headline(lake).to_pylist()] == [1, 1]


def test_lows_by_venue_and_inverted_depth_of_10_october_2025(opened: Open) -> None:
    """20:45 to 22:00 UTC; depth of that time is broken: named, not used."""
    folder = "oct10_trades_depth"
    markets = ("binance-delivery_trades_2025-10-10_WIFUSD_PERP", "coinbase_trades_2025-10-10_WIF-USD", "gemini_trades_2025-10-10_WIFUSD")
    lake = opened(*(f"{folder}/{market}.csv.gz" for market in markets), f"{folder}/BTCUSDT-bookDepth-2025-10-10.csv")
    window = range_of("2025-10-10T20:45/2025-10-10T22:00")
    lows: dict[str, Any] = {row["venue"]: row for row in analytics.price_extremes(lake, window, "WIF").to_pylist()}
    assert [lows[venue]["low_usd"] for venue in ("binance_coinm", "coinbase", "gemini")] == [0.1252, 0.32, 0.1454]
    assert f"{lows['binance_coinm']['low_time']:%H:%M:%S} {lows['coinbase']['low_time']:%H:%M:%S}" == "21:21:47 21:21:08"
    notes = analytics.notes_of(analytics.depth(lake, window))
    assert any("969 snapshots flagged 'inverted' and not used, 2025-10-10 15:30:42" in note for note in notes)
    flagged = lake.execute("SELECT DISTINCT exchange_time FROM market.depth WHERE flag = 'inverted'").fetchall()
    used = lake.execute("SELECT DISTINCT exchange_time FROM stg_market_depth").fetchall()
    assert len(flagged) == 969
    assert not set(flagged) & set(used)


def test_lows_across_venues_in_the_hour_of_the_crash(opened: Open) -> None:
    """21:00 to 22:00 of 10 October 2025, hourly candles."""
    lake = opened("crossvenue_finm33150/candles.parquet")
    found = analytics.price_extremes(lake, range_of("2025-10-10T21:00/2025-10-10T22:00")).to_pylist()
    lows = {(row["underlying"], row["venue"]): row["low_usd"] for row in found}
    assert [lows["BTC", venue] for venue in ("binance", "bybit", "lighter")] == [101_516.5, 101_045.9, 103_555.0]
    assert [round(lows["HYPE", venue], 2) for venue in ("binance", "bybit", "lighter")] == [21.03, 20.78, 29.48]
