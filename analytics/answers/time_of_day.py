"""When is there least liquidity? Depth, spread and fragmentation cost by hour of the UTC day, weekdays and weekends apart (M26)."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from analytics.answers.annotated import annotated
from analytics.answers.books import pool_books
from analytics.answers.depth_table import flagged, reached_band
from analytics.answers.fragmentation_table import sale_costs
from analytics.answers.pools import pools_note
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.depth import DEPTH, SPREAD, bands
from analytics.models.figure import Scope
from analytics.models.fragmentation import COST
from analytics.models.time_of_day import BEST_WORST, MEDIAN, HourCell, TimeOfDay, by_hour

HOURS_FOR_A_CONTRAST = 6
"""Fewer hours of a day say nothing about the day: they get no ratio and no chart."""
_SNAPSHOTS = 20_000
_POOL_BLOCKS, _POOL_BPS = 1_000, 100.0
_DRAWS, _SEED = 200, 26
_SALE_USD = 100_000.0
_VALUE_OF = {"depth": "depth_usd_p50", "spread": "spread_bps_p50", "fragmentation cost": "cost_bps_p50"}
_DEFINITION_OF = {"depth": DEPTH, "spread": SPREAD, "fragmentation cost": COST}
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("measure", pa.string()),
        ("band_bps", pa.float64()),
        ("weekend", pa.bool_()),
        ("hour_utc", pa.int64()),
        ("depth_usd_p50", pa.float64()),
        ("spread_bps_p50", pa.float64()),
        ("cost_bps_p50", pa.float64()),
        ("n", pa.int64()),
        ("best_over_worst", pa.float64()),
        ("best_over_worst_low", pa.float64()),
        ("best_over_worst_high", pa.float64()),
        ("days", pa.int64()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One measure of one market over time (Unix s); `band_bps` of depth only, `venue` several for a fragmentation cost."""

    measure: str
    underlying: str
    venue: str
    market: str | None
    band_bps: float | None
    time: ArrayLike
    value: ArrayLike
    quality: str


def time_of_day(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Medians per market, measure, UTC hour and weekend over usable snapshots; depth is both sides' USD, costs and spreads are in bps.

    `best_over_worst` (largest hourly median over the smallest) stands on weekdays' rows with its 95 % interval, a bootstrap by day; null
    with fewer than six hours, the interval with fewer than two `days`, as `note` says."""
    asked = window or Window()
    nothing = pa.Table.from_pylist([], _SCHEMA)
    if not has_view(lake, "stg_market_depth") and not has_view(lake, "stg_keeper_market_state"):
        return annotated(nothing, reason="this lake has neither order books nor a keeper's pool")
    rows: list[dict[str, object]] = []
    for series in (*_pools(lake, asked, underlying), *_books(lake, asked, underlying), *_costs(lake, asked, underlying)):
        rows += _rows(series, asked)
    order = list(_VALUE_OF)
    rows.sort(key=lambda row: (row["underlying"], order.index(str(row["measure"]))))  # stable: venues and hours keep their order
    reason = pools_note(lake) or f"no usable order books nor pools{f' of {underlying}' if underlying else ''} in {asked.words}"
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=reason, notes=[*_notes(rows), pools_note(lake), *flagged(lake)])


def _pools(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None) -> Iterator[_Series]:
    """Depth within 100 bps of the keeper's pools."""
    scope = Scope(window.words, "exact")
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for one in pool_books(lake, window, underlying, _POOL_BLOCKS):
        (band,) = bands(one.book, scope, (_POOL_BPS,))
        if band.bid.value is not None and band.ask.value is not None:
            where = (one.underlying, one.book.venue, one.market)
            found.setdefault(where, []).append((one.book.time, band.bid.value + band.ask.value))
    for where, path in found.items():
        time, usd = zip(*path, strict=True)
        yield _Series("depth", *where, _POOL_BPS, time, usd, "exact")


def _books(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None) -> Iterator[_Series]:
    """Depth within the band nearest 100 bps that most of the market's snapshots reach on both sides, and the spread."""
    if not has_view(lake, "stg_market_depth"):
        return
    parameters = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying, "most": _SNAPSHOTS}
    found = lake.execute(mart("liquidity_path"), parameters).to_arrow_table().to_pylist()
    reached: dict[tuple[str, str, str], dict[float, int]] = {}
    for row in found:
        if row["band_bps"] is not None:
            reached.setdefault((row["underlying"], row["venue"], row["market"]), {})[row["band_bps"]] = row["snapshots"]
    bands = {key: reached_band(counts) for key, counts in reached.items()}
    for row in found:
        band = row["band_bps"]
        if band is None or band == bands[row["underlying"], row["venue"], row["market"]]:
            where = (row["measure"], row["underlying"], row["venue"], row["market"])
            yield _Series(*where, band, row["unix_s"], row["value"], row["quality"])


def _costs(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None) -> Iterator[_Series]:
    for name, path in sale_costs(lake, window, underlying, _SALE_USD).items():
        yield _Series("fragmentation cost", name, " + ".join(path.venues), None, None, path.time, path.bps, "exact")


def _rows(series: _Series, window: Window) -> list[dict[str, object]]:
    found = by_hour(series.time, series.value, Scope(window.words, series.quality), np.random.default_rng(_SEED), _DRAWS)
    return [_row(series, cell, found, window) for cell in found.cells]


def _row(series: _Series, cell: HourCell, found: TimeOfDay, window: Window) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(series, name) for name in ("underlying", "venue", "market", "measure", "band_bps", "quality")}
    row |= {"weekend": cell.weekend, "hour_utc": cell.hour, _VALUE_OF[series.measure]: cell.median.value, "n": cell.median.n}
    return row | {"window": window.words} | ({} if cell.weekend else _contrast(found))


def _contrast(found: TimeOfDay) -> dict[str, object]:
    """The ratio's columns, the same on every weekday row of a series."""
    hours = sum(not cell.weekend for cell in found.cells)
    ratio = found.best_over_worst
    if hours < HOURS_FOR_A_CONTRAST:
        return {"days": ratio.n, "note": f"{hours} of 24 hours recorded: no ratio"}
    low, high = ratio.interval or (None, None)
    note = f"{hours} of 24 hours recorded" if hours < 24 else ""
    alone = "" if ratio.interval else "one day: no interval"
    made: dict[str, object] = {"best_over_worst": ratio.value, "best_over_worst_low": low, "best_over_worst_high": high, "days": ratio.n}
    return made | {"note": "; ".join(part for part in (note, alone) if part) or None}


def _notes(rows: list[dict[str, object]]) -> list[str]:
    shown = {measure: one for measure, one in _DEFINITION_OF.items() if any(row["measure"] == measure for row in rows)}
    told = [f"{measure}: {one.formula}{f'; {one.caveat}' if one.caveat else ''}" for measure, one in shown.items()]
    both = (
        ["depth here is both sides together, in the band nearest 100 bps that most of a market's snapshots reach"]
        if "depth" in shown
        else []
    )
    sale = [f"fragmentation cost of selling {_SALE_USD:,.0f} USD, in equal parts per venue"] if "fragmentation cost" in shown else []
    return [
        f"{MEDIAN.formula}; {MEDIAN.caveat}",
        f"{BEST_WORST.name}: {BEST_WORST.formula}; {BEST_WORST.caveat}",
        "hours are UTC; 2 pm in New York and 2 am in Singapore are one instant in summer (18:00 UTC), not two times of day",
        *told,
        *both,
        *sale,
        f"at most {_SNAPSHOTS:,} snapshots per market and measure, evenly spaced; 1,000 of a pool, 300 for the fragmentation cost",
    ]
