"""Open interest of 1,000 USD on 500 USD of spot trading is two days of it; what was not recorded is never scaled up."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.asked_for import range_of
from analytics.answers.spot_ratio import open_interest_to_spot
from analytics.answers.window import Window
from analytics.lake import open_lake, open_market
from analytics.sources import Silent, import_files

_WHERE = "'BTC' AS underlying, 'ms' AS time_resolution, 'exact' AS quality, 'test' AS source, 'test' AS source_file"
_OPEN_INTEREST = f"""
INSERT INTO market.open_interest BY NAME
SELECT {_WHERE}, venue, 'P' AS market, moment AS exchange_time, base, usd AS notional_usd
FROM (VALUES
    ('a', TIMESTAMP '2025-05-31 12:00', 1.0, 9e9), ('a', TIMESTAMP '2025-05-31 23:00', 6.0, 600.0), ('a', TIMESTAMP '2025-06-02', 1.0, 9e9),
    ('b', TIMESTAMP '2025-06-01 11:00', 4.0, NULL), ('c', TIMESTAMP '2025-05-29', 1.0, 9e9)
) AS v(venue, moment, base, usd)
"""
"""At noon of 1 June: 600 USD at a (of the evening before), 4 BTC at b; c's last value is three days old, a's next one not yet known."""
_TRADES = """
INSERT INTO market.trades BY NAME
SELECT {where}, '{venue}' AS venue, '{market}' AS market, '{instrument}' AS instrument, i::VARCHAR AS trade_id,
    TIMESTAMP '2025-05-31 12:30' + to_hours(i) AS exchange_time, 'buy' AS side, 100.0 AS price, {usd} / 100 AS base, {usd} AS notional_usd
FROM range({first}, {stop}) AS r(i)
"""
_CANDLES = f"""
INSERT INTO market.candles BY NAME
SELECT {_WHERE}, 'a' AS venue, 'P' AS market, TIMESTAMP '2025-05-31' + to_hours(i) AS exchange_time, 3600 AS interval_seconds, 1.0 AS open,
    100.0 AS high, 1.0 AS low, 100.0 AS close, 0.125 AS volume_base
FROM range(72) AS r(i)
"""
_NOON = Window(datetime(2025, 6, 1, 11, tzinfo=UTC), datetime(2025, 6, 1, 12, tzinfo=UTC))


def _trades(venue: str, instrument: str, usd: float, stop: int = 48, market: str = "") -> str:
    return _TRADES.format(where=_WHERE, venue=venue, market=market or instrument, instrument=instrument, usd=usd, first=-24, stop=stop)


def _ask(directory: Path, *statements: str, window: Window | None = _NOON) -> dict[str, Any]:
    with open_market(directory) as lake:
        for statement in statements:
            lake.execute(statement)
    with open_lake(directory) as lake:
        found = open_interest_to_spot(lake, window)
    (row,) = found.to_pylist()
    return dict(row)


def test_two_days_of_spot_volume(tmp_path: Path) -> None:
    """600 USD and 4 BTC at 100 USD stand on 24 hourly trades of 500 / 24 USD; perpetual candles of a: 24 x 0.125 BTC at 100 USD."""
    row = _ask(tmp_path, _OPEN_INTEREST, _trades("s", "spot", 500 / 24), _trades("f", "future", 1e6), _CANDLES)
    assert row["open_interest_usd"] == pytest.approx(1000)
    assert row["spot_volume_usd"] == pytest.approx(500)
    assert row["open_interest_to_spot"] == pytest.approx(2)
    assert (row["open_interest_venues"], row["spot_venues"], row["spot_hours"]) == (["a", "b"], ["s"], 24)
    assert (row["perpetual_volume_usd"], row["perpetual_venues"], row["perpetual_hours"]) == (pytest.approx(300), ["a"], 24)
    assert (row["open_interest_to_perpetual"], row["compared_venues"]) == (pytest.approx(600 / 300), ["a"])
    assert row["n"] == 1 + 2 + 24 + 24
    assert (row["note"], row["quality"], row["window"]) == (None, "exact", _NOON.words)
    assert row["open_interest_time"] == datetime(2025, 6, 1, 11)  # noqa: DTZ001 lake times carry no offset


def test_trades_of_a_market_are_not_added_to_its_candles(tmp_path: Path) -> None:
    row = _ask(tmp_path, _OPEN_INTEREST, _trades("s", "spot", 1.0), _trades("a", "perpetual", 10.0, market="P"), _CANDLES)
    assert row["perpetual_volume_usd"] == pytest.approx(240)


def test_a_few_hours_are_no_day(tmp_path: Path) -> None:
    """Twenty hours of spot: the volume is told, the ratio is not."""
    row = _ask(tmp_path, _OPEN_INTEREST, _trades("s", "spot", 10.0, stop=20))
    assert (row["spot_volume_usd"], row["spot_hours"], row["open_interest_to_spot"]) == (200.0, 20, None)
    assert row["note"] == "spot volume recorded in 20 of 24 hours: no ratio"


def test_a_venue_with_gaps_is_named(tmp_path: Path) -> None:
    row = _ask(tmp_path, _OPEN_INTEREST, _trades("s", "spot", 10.0), _trades("t", "spot", 10.0, stop=2))
    assert row["open_interest_to_spot"] == pytest.approx(1000 / 260)
    assert row["note"] == "spot of t recorded in 2 of 24 hours"


def test_what_is_missing_is_said(tmp_path: Path, empty_lake: duckdb.DuckDBPyConnection) -> None:
    row = _ask(tmp_path, _OPEN_INTEREST, window=Window(None, _NOON.until))
    assert (row["open_interest_usd"], row["open_interest_venues"], row["spot_volume_usd"]) == (600.0, ["a"], None)
    assert row["note"] == "b P left out: base units without a price; no spot volume recorded"
    assert reason_of(open_interest_to_spot(empty_lake)) == "this lake has neither open interest nor trades"
    with open_lake(tmp_path) as lake:
        assert open_interest_to_spot(lake).to_pylist()[0]["open_interest_usd"] == 9e9
        assert reason_of(open_interest_to_spot(lake, _NOON, "ETH")).startswith("no open interest and no spot trades of ETH in")
        assert any("spot of other venues would lower it" in note for note in notes_of(open_interest_to_spot(lake)))


def test_spot_of_10_october_2025(shared_data: Path, tmp_path: Path) -> None:
    """Two spot venues and a perpetual, a whole day, without open interest."""
    files = ("binance-delivery_trades_2025-10-10_AVAXUSD_PERP", "coinbase_trades_2025-10-10_AVAX-USD", "gemini_trades_2025-10-10_AVAXUSD")
    with open_market(tmp_path) as lake:
        import_files(lake, "tardis_trades", [shared_data / "oct10_trades_depth" / f"{name}.csv.gz" for name in files], Silent())
    with open_lake(tmp_path) as lake:
        (row,) = open_interest_to_spot(lake, range_of("2025-10-10/2025-10-11")).to_pylist()
    assert (row["underlying"], row["spot_venues"], row["spot_hours"], row["perpetual_venues"]) == (
        "AVAX",
        ["coinbase", "gemini"],
        24,
        ["binance_coinm"],
    )
    assert [round(row[name] / 1e6, 2) for name in ("spot_volume_usd", "perpetual_volume_usd")] == [54.96, 63.63]
    assert (row["open_interest_usd"], row["open_interest_to_spot"], row["note"]) == (None, None, "no open interest recorded")


def test_perpetual_volume_of_january_2026(shared_data: Path, tmp_path: Path) -> None:
    """Lighter publishes open interest and candles: the one venue whose two numbers belong together."""
    folder = shared_data / "crossvenue_finm33150"
    with open_market(tmp_path) as lake:
        import_files(lake, "finm33150", [folder / "candles.parquet", folder / "open_interest.parquet"], Silent())
    with open_lake(tmp_path) as lake:
        found = {row["underlying"]: row for row in open_interest_to_spot(lake, range_of("2026-01-19/2026-01-20")).to_pylist()}
    assert set(found) == {"BTC", "DOGE", "ETH", "HYPE", "SOL"}
    btc = found["BTC"]
    assert (btc["open_interest_venues"], btc["compared_venues"]) == (["hyperliquid", "lighter"], ["lighter"])
    assert [round(btc[name] / 1e9, 2) for name in ("open_interest_usd", "perpetual_volume_usd")] == [3.08, 17.14]
    assert btc["open_interest_to_perpetual"] == pytest.approx(0.1122, abs=1e-4)
    assert (btc["open_interest_to_spot"], btc["note"]) == (None, "no spot volume recorded")
