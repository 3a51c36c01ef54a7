"""A link of known strength between two assets, whose first one gets three times as wild; liquidations of known overlap."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.asked_for import range_of
from analytics.answers.correlation_table import correlations
from analytics.answers.window import Window
from analytics.lake import open_lake, open_market
from analytics.sources import Silent, import_files

_WHERE = "'v' AS venue, 'ms' AS time_resolution, 'exact' AS quality, 'test' AS source, 'test' AS source_file"
_CALM, _STRESS = 4_000, 1_000
_START = datetime(2025, 6, 1, tzinfo=UTC)
_STRESSED = Window(_START + timedelta(minutes=_CALM), _START + timedelta(minutes=_CALM + _STRESS))
_CANDLES = f"""
INSERT INTO market.candles BY NAME
SELECT {_WHERE}, asset || '-P' AS market, asset AS underlying, TIMESTAMP '2025-06-01' + to_seconds(bar * seconds) AS exchange_time,
    seconds AS interval_seconds, price AS open, price AS high, price AS low, price AS close
FROM candles
"""
_LIQUIDATIONS = f"""
INSERT INTO market.liquidations BY NAME
SELECT {_WHERE}, asset || '-P' AS market, asset AS underlying, asset || i AS event_id, 'long' AS side, 1.0 AS base, 1.0 AS fill_price,
    TIMESTAMP '2025-06-01' + to_minutes({_CALM} + i) AS exchange_time, usd AS notional_usd, 'fill' AS price_basis, 'book' AS method,
    'trader' AS stage
FROM range({_STRESS}) AS r(i), (VALUES ('A', 0, 100, 9.0), ('B', 50, 150, 5.0), ('C', 0, 1000, 0.1)) AS v(asset, first, stop, usd)
WHERE i >= first AND i < stop
"""
"""Of 1,000 minutes A has 100, B 100 and both 50, C all."""


def _candles(asset: str, returns: np.ndarray, seconds: int = 60) -> pa.Table:
    price = 100 * np.exp(np.cumsum(returns))
    n = len(price)
    return pa.table({"asset": [asset] * n, "bar": np.arange(n), "seconds": [seconds] * n, "price": price})


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """B is half of A and noise; D stands still; E has hourly candles only; C has no prices but its liquidations' fills."""
    rng = np.random.default_rng(27)
    n = _CALM + _STRESS
    first = rng.normal(0, 1e-4, n) * np.where(np.arange(n) < _CALM, 1.0, 3.0)
    second = 0.5 * first + rng.normal(0, 1e-4, n)
    hourly = rng.normal(0, 1e-3, n // 60)
    made = [_candles("A", first), _candles("B", second), _candles("D", np.zeros(n)), _candles("E", hourly, 3600)]
    directory = tmp_path_factory.mktemp("linked")
    with open_market(directory) as writer:
        writer.register("candles", pa.concat_tables(made))
        writer.execute(_CANDLES)
        writer.execute(_LIQUIDATIONS)
    with open_lake(directory) as reader:
        yield reader


def test_a_pure_rise_of_variance_is_taken_back(linked: duckdb.DuckDBPyConnection) -> None:
    row = correlations(linked, _STRESSED).to_pylist()[0]
    assert (row["first"], row["second"], row["bar_s"], row["n_stress"]) == ("A", "B", 120, 500)
    assert row["n_calm"] == _CALM // 2 - 1
    assert row["calm"] == pytest.approx(0.447, abs=0.05)
    assert row["stressed"] == pytest.approx(0.832, abs=0.03)
    assert row["variance_rise"] == pytest.approx(8, rel=0.2)
    assert row["corrected"] == pytest.approx(row["calm"], abs=0.07)
    assert row["ewma"] == pytest.approx(0.83, abs=0.2)
    assert row["tail"] is not None
    assert (row["note"], row["quality"], row["window"]) == (None, "exact", _STRESSED.words)
    assert row["first_source"] == "v A-P 1 min candles"


def test_lift_of_known_overlap(linked: duckdb.DuckDBPyConnection) -> None:
    """P(AB) = 0.05 against 0.1 times 0.1; C is always there and says nothing."""
    rows = {(row["first"], row["second"]): row for row in correlations(linked, _STRESSED).to_pylist()}
    assert rows["A", "B"]["lift"] == pytest.approx(5)
    assert {row["n_minutes"] for row in rows.values()} == {1000}
    assert rows["A", "C"]["lift"] == pytest.approx(1)
    assert rows["A", "C"]["stressed"] is None
    assert rows["A", "C"]["note"] == "no correlation: fills of liquidations are the only prices of one of them"


def test_the_longer_candle_decides_and_too_few_are_said_to_be(linked: duckdb.DuckDBPyConnection) -> None:
    """One hour of a market with hourly candles is one observation; an asset that stands still has no correlation."""
    hour = Window(_START + timedelta(hours=40), _START + timedelta(hours=41))
    rows = {row["second"]: row for row in correlations(linked, hour, "E").to_pylist()}
    assert {row["first"] for row in rows.values()} == {"E"}
    assert (rows["A"]["bar_s"], rows["A"]["n_stress"], rows["A"]["n_calm"], rows["A"]["calm"]) == (3600, 1, 39, None)
    assert "need at least three calm and three stressed observations" in rows["A"]["note"]
    assert "no lift: no liquidations recorded" in rows["A"]["note"]
    still = {row["second"]: row for row in correlations(linked, _STRESSED, "A").to_pylist()}
    assert set(still) == {"B", "C"}
    standing = correlations(linked, _STRESSED, "D").to_pylist()[0]
    assert (standing["first"], standing["calm"], standing["ewma"]) == ("D", None, None)
    assert "does not vary" in standing["note"]


def test_an_open_window_has_no_calm(linked: duckdb.DuckDBPyConnection) -> None:
    row = correlations(linked).to_pylist()[0]
    assert (row["n_calm"], row["calm"], row["window"]) == (0, None, "all that was recorded")
    assert row["ewma"] is not None


def test_nothing_has_a_reason(linked: duckdb.DuckDBPyConnection, empty_lake: duckdb.DuckDBPyConnection) -> None:
    assert "two assets with prices in all that was recorded: 0 found" in reason_of(correlations(empty_lake))
    assert reason_of(correlations(linked, None, "XYZ")) == "no prices of XYZ in all that was recorded"
    assert any("Forbes and Rigobon" in note for note in notes_of(correlations(linked)))


def test_the_day_of_the_crash_against_the_month_before(shared_data: Path, tmp_path: Path) -> None:
    """Hourly candles around 10 October 2025. DOGE lost 16 % in the hour in which ETH fell and came back: hourly closes saw them apart."""
    with open_market(tmp_path) as lake:
        import_files(lake, "finm33150", [shared_data / "crossvenue_finm33150" / "candles.parquet"], Silent())
    with open_lake(tmp_path) as lake:
        found = correlations(lake, range_of("2025-10-10T12:00/2025-10-11T12:00")).to_pylist()
    assert len(found) == 10
    assert {(row["bar_s"], row["n_stress"], row["n_calm"], row["lift"]) for row in found} == {(3600, 24, 719, None)}
    names = ("calm", "stressed", "corrected", "variance_rise", "ewma", "tail")
    shown = {(row["first"], row["second"]): [round(row[name], 2) for name in names] for row in found}
    assert shown["ETH", "BTC"] == [0.79, 0.71, 0.31, 8.57, 0.75, 0.52]
    assert shown["DOGE", "ETH"] == [0.77, 0.14, 0.03, 23.22, 0.25, -0.23]
    assert found[0]["first_source"] == "binance DOGEUSDT 60 min candles"


def test_liquidated_together_on_11_december_2025(shared_data: Path, tmp_path: Path) -> None:
    """Fills are the only prices of this recording: lift only."""
    recording = shared_data / "binance_liq_20251211" / "binance_forceorder_liq_data.csv"
    with open_market(tmp_path) as lake:
        import_files(lake, "binance_force_orders", [recording], Silent())
    with open_lake(tmp_path) as lake:
        found = correlations(lake, range_of("2025-12-11T01:36/2025-12-11T03:19")).to_pylist()
    assert len(found) == 15
    assert {(row["n_minutes"], row["quality"], row["stressed"]) for row in found} == {(103, "sampled", None)}
    lifts = {(row["first"], row["second"]): round(row["lift"], 3) for row in found}
    assert (lifts["ETH", "BTC"], lifts["BNB", "DOGE"]) == (1.302, 2.471)
