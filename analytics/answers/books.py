"""Order books of the window as the estimators take them: rebuilt from recordings, and the keeper's pools in the form of books."""

from typing import Any, NamedTuple

import duckdb
import numpy as np

from analytics.answers.identity import venue_labels
from analytics.answers.pools import pools
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.book import Book

SNAPSHOTS, POOL_BLOCKS = 300, 60
"""Per venue and market, evenly spaced over the window: medians need no more, and walking a book costs."""


def books(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None = None) -> dict[str, list[tuple[str, Book]]]:
    """Underlying -> (market, book) in time order; empty where the lake has neither books nor pools."""
    found: dict[str, list[tuple[str, Book]]] = {}
    for one in pool_books(lake, window, underlying):
        found.setdefault(one.underlying, []).append((one.market, one.book))
    if has_view(lake, "stg_market_book_levels"):
        parameters = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying, "most": SNAPSHOTS}
        for row in lake.execute(mart("book_moments"), parameters).to_arrow_table().to_pylist():
            found.setdefault(row["underlying"], []).append((row["market"], book_of(row)))
    return {name: sorted(mine, key=lambda one: one[1].time) for name, mine in found.items()}


class PoolBook(NamedTuple):
    """A pool of the keeper's venues in the form of a book, and what its market trades."""

    underlying: str
    market: str
    book: Book


def pool_books(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None = None, most: int = POOL_BLOCKS) -> list[PoolBook]:
    """The keeper's pools out to 5 %, at no more than `most` blocks per market. A pool with liquidity on one side only is left out: it has
    no mid."""
    if not has_view(lake, "stg_keeper_market_state"):
        return []
    parameters = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying}
    rows = lake.execute(mart("market_underlyings"), parameters).to_arrow_table().to_pylist()
    labels = venue_labels(lake)
    trades = {(row["chain_id"], row["venue"], row["market"]): row["underlying"] for row in rows}
    markets = dict.fromkeys(row["market"] for row in rows)
    moments = [one for market in markets for one in pools(lake, window, market, most) if (one.chain_id, one.venue, market) in trades]
    quotes = [
        PoolBook(trades[one.chain_id, one.venue, one.market], one.market, one.pool.book(labels.of(one.chain_id, one.venue), one.time))
        for one in moments
    ]
    return [quote for quote in quotes if len(quote.book.bid_price) and len(quote.book.ask_price)]


def book_of(row: dict[str, Any]) -> Book:
    """The book of a row of market.book_snapshots with its time as `unix_s`."""
    levels = [np.array(row[name], np.float64) for name in ("bid_prices", "bid_sizes", "ask_prices", "ask_sizes")]
    return Book(row["venue"], row["unix_s"], levels[0], levels[1], levels[2], levels[3], row["bid_floor"], row["ask_ceiling"])
