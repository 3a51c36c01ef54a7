"""No figure leaves without its sample size, quality and window."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import analytics
from analytics.answers.export import tables
from analytics.answers.window import Window
from analytics.lake import open_lake

RECORDS = {"liquidations", "published_totals", "missed", "quality"}
"""Tables of single records or findings, which carry their own time and source."""
COUNTS = {
    "activation_effect": "crossings",
    "map_skill": "realised_n",
    "correlations": "n_minutes",
    "episodes": "minutes_n",
    "events": "episodes",
}


@pytest.fixture
def lake(cascade: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cascade, read-only."""
    with open_lake(cascade) as connection:
        yield connection


def test_tables_of_a_window(lake: duckdb.DuckDBPyConnection) -> None:
    found = {name: table for name, table in tables(lake, Window()).items() if name not in RECORDS}
    assert len(found) > 20
    for name, table in found.items():
        assert {COUNTS.get(name, "n"), "quality", "window"} <= set(table.column_names), name
        for column in (COUNTS.get(name, "n"), "quality", "window"):
            assert table[column].null_count == 0, f"{name}.{column}"


def test_tables_of_a_market(lake: duckdb.DuckDBPyConnection) -> None:
    for ask in (analytics.liquidation_map, analytics.clusters, analytics.asymmetry, analytics.gain, analytics.gain_curve):
        assert {"n", "quality", "window"} <= set(ask(lake, "ETH").column_names), ask.__name__
    signals = analytics.signals(lake, "ETH", bar_minutes=1)
    assert {"n", "quality", "window"} <= set(signals.column_names)
