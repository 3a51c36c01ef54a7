"""What can execute a market's liquidations at a moment: its own pool, recorded books and recorded depth bands (M5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from analytics.answers.books import book_of
from analytics.answers.identity import VenueLabels, venue_labels
from analytics.answers.pools import PoolMoment, pools_at
from analytics.marts import has_view, mart
from analytics.models.executable import Executable, of_bands, of_book, of_pool


@dataclass(frozen=True, slots=True)
class Opposing:
    """One source of depth. `meets(victim_side)`: what longs (+1) sell into or shorts (-1) buy from; None where that side is unknown."""

    source: str
    quality: str
    own: bool
    meets: Callable[[int], Executable | None]


def opposing(
    lake: duckdb.DuckDBPyConnection,
    market: str,
    underlying: str,
    at: datetime,
    venue: str | None = None,
    chain_id: int | None = None,
) -> tuple[Opposing, ...]:
    """The market's own pools first, then of its underlying the newest book, then the newest bands of each venue within the hour before `at`
    (lake time)."""
    labels = venue_labels(lake)
    own = (_of_pool(one, labels) for one in pools_at(lake, market, at, venue, chain_id))
    return (*own, *_books(lake, underlying, at), *_bands(lake, underlying, at))


def _of_pool(one: PoolMoment, labels: VenueLabels) -> Opposing:
    source = f"{labels.of(one.chain_id, one.venue)} pool, {len(one.pool.liquidity)} ranges, block {one.block}"
    return Opposing(source, "exact", True, lambda side: of_pool(one.pool, side))


def _books(lake: duckdb.DuckDBPyConnection, underlying: str, at: datetime) -> list[Opposing]:
    if not has_view(lake, "stg_market_book_levels"):
        return []
    rows = lake.execute(mart("book_before"), {"underlying": underlying, "at": at}).to_arrow_table().to_pylist()
    return [_of_book(row) for row in rows]


def _of_book(row: dict[str, Any]) -> Opposing:
    book = book_of(row)
    source = f"{row['venue']} {row['market']} book, {row['exchange_time']:%Y-%m-%d %H:%M:%S} UTC"
    return Opposing(source, row["quality"], False, lambda side: of_book(book, side))


def _bands(lake: duckdb.DuckDBPyConnection, underlying: str, at: datetime) -> list[Opposing]:
    if not has_view(lake, "stg_market_depth"):
        return []
    rows = lake.execute(mart("bands_before"), {"underlying": underlying, "at": at}).to_arrow_table().to_pylist()
    return [_of_bands(*pair, rows) for pair in dict.fromkeys((row["venue"], row["market"]) for row in rows)]


def _of_bands(venue: str, market: str, rows: list[dict[str, Any]]) -> Opposing:
    sides = {row["side"]: row for row in rows if (row["venue"], row["market"]) == (venue, market)}
    found = {side: of_bands(row["band_bps"], row["depth_base"]) for side, row in sides.items()}
    newest = max(row["exchange_time"] for row in sides.values())
    quality = "/".join(sorted({row["quality"] for row in sides.values()}))
    source = f"{venue} {market} depth bands, {newest:%Y-%m-%d %H:%M:%S} UTC"
    return Opposing(source, quality, False, lambda side: found.get("bid" if side == 1 else "ask"))
