"""Rebuilt order books of the window as the estimators take them."""

from typing import Any

import duckdb
import numpy as np

from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.book import Book

SNAPSHOTS = 300
"""Per venue and market, evenly spaced over the window: medians need no more, and walking a book costs."""


def books(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None = None) -> dict[str, list[tuple[str, Book]]]:
    """Underlying -> (market, book) in time order; empty where the lake has no books."""
    if not has_view(lake, "stg_market_book_levels"):
        return {}
    parameters = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying, "most": SNAPSHOTS}
    found: dict[str, list[tuple[str, Book]]] = {}
    for row in lake.execute(mart("book_moments"), parameters).to_arrow_table().to_pylist():
        found.setdefault(row["underlying"], []).append((row["market"], book_of(row)))
    return found


def book_of(row: dict[str, Any]) -> Book:
    """The book of a row of market.book_snapshots with its time as `unix_s`."""
    levels = [np.array(row[name], np.float64) for name in ("bid_prices", "bid_sizes", "ask_prices", "ask_sizes")]
    return Book(row["venue"], row["unix_s"], levels[0], levels[1], levels[2], levels[3], row["bid_floor"], row["ask_ceiling"])
