"""What must hold in a lake: the queries of sql/checks, which return no rows, over the staging views and the marts of a window."""

import importlib.resources
import re

import duckdb

from analytics.answers.depth_table import depth_view
from analytics.answers.ledger import ledger_view
from analytics.answers.positioning import open_interest_view
from analytics.answers.prices import prices_view
from analytics.answers.window import Window
from analytics.marts import create_liquidations, has_view, mart
from analytics.summary import latency_view

_CHECKED = (
    "book_moments",
    "cumulative",
    "depth_bands",
    "headline",
    "liquidation_minutes",
    "liquidators",
    "missed_accounts",
    "open_interest_last",
    "price_extremes",
    "venue_liquidations",
)
"""Marts that checks read, as views `mart_<name>` of the window."""


def failing_checks(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> dict[str, int]:
    """Checks that return rows, with how many."""
    return {name: rows for name, rows in run_checks(lake, window).items() if rows}


def run_checks(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> dict[str, int]:
    """Rows that each check returns; a check whose tables the lake lacks is left out."""
    asked = window or Window()
    _show_marts(lake, asked)
    found: dict[str, int] = {}
    for file in sorted(importlib.resources.files("analytics").joinpath("sql", "checks").iterdir(), key=lambda entry: entry.name):
        try:
            found[file.name.removesuffix(".sql")] = len(lake.execute(_of(asked, file.read_text("utf-8"))).fetchall())
        except duckdb.CatalogException:
            continue
    return found


def _show_marts(lake: duckdb.DuckDBPyConnection, window: Window) -> None:
    """The checked marts as temporary views; one whose tables the lake lacks is left out, and one of an earlier window never stays."""
    create_liquidations(lake)
    ledger_view(lake)
    prices_view(lake)
    open_interest_view(lake)
    depth_view(lake, window, None)
    if has_view(lake, "stg_keeper_liquidations"):
        latency_view(lake)
    for name in _CHECKED:
        lake.execute(f"DROP VIEW IF EXISTS mart_{name}")
        try:
            lake.execute(f"CREATE TEMPORARY VIEW mart_{name} AS {_of(window, mart(name))}")
        except duckdb.CatalogException:
            continue


def _of(window: Window, sql: str) -> str:
    """A query with the window, and everything else, in the place of its parameters."""
    values = {
        "since": f"TIMESTAMP '{window.lake_since}'",
        "until": f"TIMESTAMP '{window.lake_until}'",
        "underlying": "NULL",
        "bucket_s": "60",
        "most": "1000",
    }
    return re.sub(r"\$(\w+)", lambda found: values[found[1]], sql)
