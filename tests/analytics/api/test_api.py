"""`import analytics` gives what the commands print, as Arrow tables."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import analytics
from analytics.cli import main
from analytics.commands.output import json_text
from analytics.lake import open_market
from tests.analytics.report.cascade_lake import BOOKS

QUESTIONS: dict[str, Callable[..., Any]] = {
    "events": analytics.events,
    "episodes": analytics.episodes,
    "waves": analytics.waves,
    "amplification": analytics.amplification,
    "activation": analytics.activation,
    "regime": analytics.regime,
    "depth": analytics.depth,
    "fragmentation": analytics.fragmentation,
    "missed": analytics.missed,
    "keepers": analytics.keepers,
}


@pytest.fixture(scope="module")
def lake(cascade: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """As a notebook opens it."""
    with analytics.open(str(cascade)) as connection:
        yield connection


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_same_rows_as_the_command(
    name: str, lake: duckdb.DuckDBPyConnection, cascade: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--lake", str(cascade), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    table = QUESTIONS[name](lake)
    assert isinstance(table, pa.Table)
    assert printed["rows"] == json.loads(json_text(table.to_pylist()))
    assert printed["reason"] == analytics.reason_of(table)
    assert tuple(printed["notes"]) == analytics.notes_of(table)
    assert len(table.to_pandas()) == table.num_rows
    assert bool(analytics.reason_of(table)) == (table.num_rows == 0)


def test_the_map_the_signals_and_the_headline(lake: duckdb.DuckDBPyConnection) -> None:
    bins = analytics.liquidation_map(lake, "ETH")
    assert (sum(bins["long_usd"].to_pylist()), sum(bins["short_usd"].to_pylist())) == (70_000.0, 5_000.0)
    assert bins["long_outward_usd"].to_pylist()[0] == 70_000.0
    assert {row["side"] for row in analytics.clusters(lake, "ETH").to_pylist()} <= {"long", "short"}
    ratios = {row["within_share"]: row["ratio"] for row in analytics.asymmetry(lake, "ETH").to_pylist()}
    assert ratios[0.25] == pytest.approx(5 / 30)
    assert analytics.headline(lake).to_pylist()[-1]["total_usd"] == 27_800.0
    assert analytics.reason_of(analytics.signals(lake, "DOGE")) == "no prices of DOGE"


def test_fragmentation_of_two_books_by_hand(tmp_path: Path) -> None:
    """1,000,000 USD is 10,000 ETH, sold in halves: deep takes 5,000 at 99; thin 100 at 99 and 4,900 at 98. Pooled: 10,000 at 99."""
    with open_market(tmp_path) as writer:
        writer.execute(BOOKS)
    with analytics.open(str(tmp_path)) as lake:
        charged = analytics.fragmentation(lake, fees_bps={"deep": 0.0, "thin": 10.0}).to_pylist()
        partly = analytics.fragmentation(lake, fees_bps={"deep": 0.0}, latency_s=30.0).to_pylist()
        rows = {(row["side"], row["size_usd"]): row for row in analytics.fragmentation(lake).to_pylist()}
        slips = {(row["venue"], row["side"], row["size_usd"]): row for row in analytics.slippage(lake).to_pylist()}
    sold = next(row for row in charged if (row["side"], row["size_usd"]) == ("sell", 10_000.0))
    # Half of 100 ETH pays 10 bps of 99 USD at the thin venue; pooled, all of it goes to the deep one.
    assert sold["cost_after_fees_bps_p50"] == pytest.approx(99 * 0.001 / 2 * 100)
    assert sold["cost_after_latency_bps_p50"] == pytest.approx(0, abs=1e-9)
    assert {row["cost_after_fees_bps_p50"] for row in partly} == {row["cost_after_latency_bps_p50"] for row in partly} == {None}
    thin = (100 * 99 + 4_900 * 98) / 5_000
    expected = ((1 - 99 / 100) + (1 - thin / 100)) / 2 * 1e4 - (1 - 99 / 100) * 1e4
    assert rows["sell", 1_000_000.0]["cost_bps_p50"] == pytest.approx(expected)
    assert rows["sell", 10_000.0]["cost_bps_p50"] == pytest.approx(0, abs=1e-9)
    assert rows["sell", 10_000.0]["venues"] == ["deep", "thin"]
    assert slips["deep", "buy", 10_000.0]["slippage_bps_p50"] == pytest.approx(100)


def test_the_keepers_pool_is_one_of_the_venues(lake: duckdb.DuckDBPyConnection) -> None:
    """It is quoted in the same seconds as the two books."""
    rows = {(row["side"], row["size_usd"]): row for row in analytics.fragmentation(lake).to_pylist()}
    assert rows["sell", 10_000.0]["venues"] == ["deep", "perp_v2", "thin"]
    assert rows["sell", 10_000.0]["cost_bps_p50"] > 0


def test_waves_and_amplification_of_a_straight_fall(lake: duckdb.DuckDBPyConnection) -> None:
    """From 100; the first liquidation at 97.5, the lowest price 80: 20 over 2.5. Ever new lows without a pause are one wave."""
    (row,) = analytics.waves(lake).to_pylist()
    assert (row["underlying"], row["side"], row["n"], row["notional_usd"], row["share"]) == ("ETH", "long", 2, 27_800.0, 1.0)
    assert row["amplification_observed"] == pytest.approx(8.0)
    assert row["extreme_usd"] == 80.0


def test_parquet_keeps_the_notes(lake: duckdb.DuckDBPyConnection, tmp_path: Path, cascade: Path) -> None:
    import pyarrow.parquet

    file = tmp_path / "missed.parquet"
    assert main(["missed", "--lake", str(cascade), "--parquet", str(file)]) == 0
    read = pyarrow.parquet.read_table(file)
    assert read.to_pylist() == analytics.missed(lake).to_pylist()
    assert analytics.notes_of(read) == analytics.notes_of(analytics.missed(lake))
