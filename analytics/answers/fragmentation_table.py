"""Slippage by venue and the cost of fragmentation (M14)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.books import books
from analytics.answers.pools import pools_note
from analytics.answers.window import Window
from analytics.models.arrays import Floats
from analytics.models.book import Book
from analytics.models.figure import Scope
from analytics.models.fragmentation import COST, FRESH_S, Fragmentation, cost
from analytics.models.slippage import SLIPPAGE, slippage_bps

LATENCY_S = 0.5
SIZES_USD = (10_000.0, 100_000.0, 1_000_000.0)
_NO_BOOKS = "neither rebuilt order books nor a keeper's pool in {}: import binance_books or hyperliquid_books"
_SLIPPAGE = pa.schema(
    [
        ("underlying", pa.string()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("side", pa.string()),
        ("size_usd", pa.float64()),
        ("slippage_bps_p50", pa.float64()),
        ("slippage_bps_max", pa.float64()),
        ("filled_share", pa.float64()),
        ("n", pa.int64()),
    ]
)
_COST = pa.schema(
    [
        ("underlying", pa.string()),
        ("venues", pa.list_(pa.string())),
        ("side", pa.string()),
        ("size_usd", pa.float64()),
        ("cost_bps_p50", pa.float64()),
        ("cost_after_fees_bps_p50", pa.float64()),
        ("cost_after_latency_bps_p50", pa.float64()),
        ("split_bps_p50", pa.float64()),
        ("pooled_bps_p50", pa.float64()),
        ("filled_share", pa.float64()),
        ("n", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class CostPath:
    """Fragmentation cost (bps) over time (Unix s) and the venues compared."""

    venues: tuple[str, ...]
    time: Floats
    bps: Floats


def slippage(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Median and worst slippage (bps) of market orders of three sizes per venue; orders a book could not fill are counted, not guessed."""
    asked = window or Window()
    rows: list[dict[str, object]] = []
    for name, found in books(lake, asked, underlying).items():
        markets = sorted({(book.venue, market) for market, book in found})
        for venue, market in markets:
            mine = [book for other, book in found if (book.venue, other) == (venue, market)]
            for side, taker in (("sell", -1), ("buy", 1)):
                rows += [
                    {"underlying": name, "venue": venue, "market": market, "side": side} | _slip(mine, taker, size) for size in SIZES_USD
                ]
    notes = [f"{SLIPPAGE.formula}; {SLIPPAGE.caveat}", "at most 300 snapshots a market, evenly spaced", pools_note(lake)]
    reason = pools_note(lake) or _NO_BOOKS.format(asked.words)
    return annotated(pa.Table.from_pylist(rows, _SLIPPAGE), reason=reason, notes=notes, window=asked.words, quality="exact")


def fragmentation(
    lake: duckdb.DuckDBPyConnection,
    window: Window | None = None,
    underlying: str | None = None,
    *,
    fees_bps: Mapping[str, float] | None = None,
    latency_s: float = LATENCY_S,
) -> pa.Table:
    """Fragmentation cost (bps) of three sizes, flow in equal parts per venue; medians over moments with two venues or more.

    Three pools: frictionless; after taker fees (`fees_bps` per venue, null unless every venue's is given); and one in which the order
    meets the other venues' books `latency_s` later than that of the venue quoted last."""
    asked = window or Window()
    found = books(lake, asked, underlying)
    fees = dict(fees_bps or {})
    rows: list[dict[str, object]] = []
    for name, quoted in found.items():
        moments = list(_together([book for _, book in quoted]))
        if moments:
            venues = sorted({book.venue for moment in moments for book in moment})
            later = _later([book for _, book in quoted], moments, latency_s)
            charged = fees if set(venues) <= set(fees) else {}
            for side, taker in (("sell", -1), ("buy", 1)):
                shared = {"underlying": name, "venues": venues, "side": side}
                rows += [shared | _costs(moments, later, charged, taker, size, asked) for size in SIZES_USD]
    reason = (
        f"no books of two venues of one asset within {FRESH_S:g} s of each other in {asked.words}"
        if found
        else pools_note(lake) or _NO_BOOKS.format(asked.words)
    )
    notes = [
        f"{COST.formula}; {COST.caveat}",
        "flow in equal parts per venue, mids aligned; after fees: " + (_told(fees) or "unknown, name every venue's taker fee with --fee"),
        f"after latency: the other venues' books {latency_s:g} s later, as far as they are recorded; below 0 what prices move until then "
        "costs more than pooling saves",
        pools_note(lake),
    ]
    return annotated(pa.Table.from_pylist(rows, _COST), reason=reason, notes=notes, window=asked.words, quality="exact")


def sale_costs(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None, size_usd: float) -> dict[str, CostPath]:
    """Underlying -> cost of selling `size_usd` at each moment with two venues or more, where the books could fill it."""
    made: dict[str, CostPath] = {}
    for name, quoted in books(lake, window, underlying).items():
        moments = list(_together([book for _, book in quoted]))
        walked = [(max(book.time for book in moment), _walk(moment, -1, size_usd, window).cost.value) for moment in moments]
        known = np.array([(time, bps) for time, bps in walked if bps is not None], np.float64).reshape(-1, 2)
        made[name] = CostPath(tuple(sorted({book.venue for moment in moments for book in moment})), known[:, 0], known[:, 1])
    return made


def _walk(
    moment: tuple[Book, ...],
    taker: int,
    size_usd: float,
    window: Window,
    fees: Mapping[str, float] | None = None,
    met: tuple[Book, ...] | None = None,
) -> Fragmentation:
    return cost(moment, np.ones(len(moment)), taker, size_usd / moment[0].mid, Scope(window.words, "exact"), fees, met)


def _slip(mine: list[Book], taker: int, size: float) -> dict[str, object]:
    walked = [slippage_bps(book, taker, size / book.mid) for book in mine]
    known = [bps for bps in walked if bps is not None]
    return {
        "size_usd": size,
        "slippage_bps_p50": float(np.median(known)) if known else None,
        "slippage_bps_max": max(known, default=None),
        "filled_share": len(known) / len(mine),
        "n": len(mine),
    }


def _together(quoted: list[Book]) -> Iterator[tuple[Book, ...]]:
    """At each book, it with the newest of every other venue within a second before it; moments with one venue only are left out."""
    newest: dict[str, Book] = {}
    for book in sorted(quoted, key=lambda one: one.time):
        newest[book.venue] = book
        fresh = tuple(other for _, other in sorted(newest.items()) if book.time - other.time < FRESH_S)
        if len(fresh) > 1:
            yield fresh


def _later(quoted: list[Book], moments: list[tuple[Book, ...]], latency_s: float) -> list[tuple[Book, ...] | None]:
    """The books an order meets: at once that of the venue quoted last, every other venue's as it is `latency_s` later; None where one of
    those is not recorded within a second of it."""
    paths: dict[str, list[Book]] = {}
    for book in quoted:
        paths.setdefault(book.venue, []).append(book)
    times = {venue: np.array([book.time for book in path]) for venue, path in paths.items()}

    def met(moment: tuple[Book, ...]) -> tuple[Book, ...] | None:
        newest = max(moment, key=lambda book: book.time)
        arrival = newest.time + latency_s
        reached = []
        for book in moment:
            place = int(np.searchsorted(times[book.venue], arrival, side="right")) - 1
            there = newest if book is newest else paths[book.venue][place]
            if there is not newest and arrival - there.time >= FRESH_S:
                return None
            reached.append(there)
        return tuple(reached)

    return [met(moment) for moment in moments]


def _told(fees: Mapping[str, float]) -> str:
    return ", ".join(f"{venue} {bps:g} bps" for venue, bps in sorted(fees.items()))


def _costs(
    moments: list[tuple[Book, ...]],
    later: list[tuple[Book, ...] | None],
    fees: Mapping[str, float],
    taker: int,
    size: float,
    window: Window,
) -> dict[str, object]:
    walked = [_walk(moment, taker, size, window) for moment in moments]
    charged = [_walk(moment, taker, size, window, fees) for moment in moments] if fees else []
    late = [_walk(moment, taker, size, window, met=met) for moment, met in zip(moments, later, strict=True) if met is not None]
    known = [one for one in walked if one.cost.value is not None]

    def middle(values: list[float | None]) -> float | None:
        numbers = [value for value in values if value is not None]
        return float(np.median(numbers)) if numbers else None

    return {
        "size_usd": size,
        "cost_bps_p50": middle([one.cost.value for one in known]),
        "cost_after_fees_bps_p50": middle([one.cost.value for one in charged]),
        "cost_after_latency_bps_p50": middle([one.cost.value for one in late]),
        "split_bps_p50": middle([one.split_bps for one in known]),
        "pooled_bps_p50": middle([one.pooled_bps for one in known]),
        "filled_share": len(known) / len(walked),
        "n": len(walked),
    }
