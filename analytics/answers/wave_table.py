"""Waves of liquidation and the amplification of the move, per underlying and side (M8, M9)."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey, venue_labels
from analytics.answers.ledger import headline
from analytics.answers.prices import price_path, prices_view
from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.amplification import OBSERVED, observed
from analytics.models.arrays import Floats, Ints
from analytics.models.figure import Figure, Scope
from analytics.models.waves import NEVER, Observational, observational

FILLS = "liquidation fills"
_SERIES = 6
_BUCKETS = 20_000
_LONGEST = timedelta(days=3)
_TIME = pa.timestamp("us")
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("side", pa.string()),
        ("wave", pa.int64()),
        ("start", _TIME),
        ("extreme_usd", pa.float64()),
        ("n", pa.int64()),
        ("notional_usd", pa.float64()),
        ("share", pa.float64()),
        ("amplification_observed", pa.float64()),
        ("price_source", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_NOTES = (
    "observational waves: a new one begins at a new price extreme after 30 s without one, or after a retracement of 20 % of the move",
    "structural waves, out of the map and the depth that meets it, are another question: `analytics amplification`",
    f"amplification: {OBSERVED.formula}; {OBSERVED.caveat}; unknown where fills of liquidations are the only prices",
)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Price path of one underlying (Unix s, USD) and where it comes from."""

    time: Floats
    price: Floats
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Liquidations of one side of one underlying: rows of mart `victims`, times (Unix s), USD, the price path from the turn, its waves."""

    victims: pa.Table
    time: Floats
    notional: Floats
    path: Path
    waves: Observational
    quality: str


def waves(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Waves of the six largest series (underlying and side) of the window; notional in USD, share of the series."""
    asked = window or Window()
    ranked = headline(lake, asked, underlying)
    if ranked.num_rows == 0:
        return annotated(pa.Table.from_pylist([], _SCHEMA), reason=ranked.schema.metadata[b"reason"].decode())
    rows: list[dict[str, object]] = []
    for name, side in largest_series(ranked):
        found = series_of(lake, asked, name, side)
        rows += _rows(asked, name, side, found) if found else []
    reason = "a wave needs at least two prices and two liquidations of one side"
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=reason, notes=_NOTES)


def largest_series(ranked: pa.Table) -> list[tuple[str, int]]:
    """The six (underlying, side) with most liquidated USD of a headline table."""
    sides: dict[tuple[str, int], float] = {}
    for row in ranked.to_pylist():
        if row["asset"] != "total" and row["stage"] == "trader":
            for side, column in ((1, "long_usd"), (-1, "short_usd")):
                key = (row["asset"], side)
                sides[key] = sides.get(key, 0.0) + (row[column] or 0.0)
    return [key for key, usd in sorted(sides.items(), key=lambda item: -item[1])[:_SERIES] if usd > 0]


def _rows(window: Window, underlying: str, side: int, of: Series) -> list[dict[str, object]]:
    label = of.waves.label(of.time)
    grown = observed_amplification(of, side, window)
    return [
        {
            "underlying": underlying,
            "side": "long" if side == 1 else "short",
            "wave": int(wave) if wave != NEVER else None,
            "start": datetime.fromisoformat(str(np.datetime64(int(of.waves.start[wave] * 1e6), "us"))) if wave != NEVER else None,
            "extreme_usd": _extreme(of.path, of.waves.start, int(wave), side),
            "n": int((label == wave).sum()),
            "notional_usd": float(of.notional[label == wave].sum()),
            "share": float(of.notional[label == wave].sum() / of.notional.sum()),
            "amplification_observed": grown.value,
            "price_source": of.path.source,
            "quality": of.quality,
            "window": window.words,
        }
        for wave in np.unique(label)
    ]


def series_of(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str, side: int) -> Series | None:
    """The liquidations of one side (+1 longs) with the price path from where the move against them began, and its waves.

    None with fewer than two liquidations or two prices."""
    asked = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying, "side": "long" if side == 1 else "short"}
    victims = lake.execute(mart("victims"), asked).to_arrow_table()
    if victims.num_rows < 2:
        return None
    times = victims["unix_s"].to_numpy()
    first, last = (datetime.fromtimestamp(float(edge), UTC).replace(tzinfo=None) for edge in (times[0], times[-1]))
    path = price_of(lake, window if last - first > _LONGEST else _around(window, first, last), underlying)
    if path is None or len(path.time) < 2:
        return None
    path = _from_the_turn(path, times[0], side)
    quality = "/".join(sorted(victims["quality"].unique().to_pylist()))
    return Series(victims, times, victims["notional_usd"].to_numpy(), path, observational(path.time, path.price, -side), quality)


def price_of(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str, market: MarketKey | None = None) -> Path | None:
    """The path of `market` where it is given and has prices, else of the market with most observations; None where there is none."""
    if window.since is None or window.until is None:
        window = _recorded(lake, window, underlying)
    bucket = max(1e-3, (window.lake_until - window.lake_since).total_seconds() / _BUCKETS)
    table = price_path(lake, window, underlying, bucket)
    if table.num_rows == 0:
        return None
    rows = table.to_pylist()
    counts: Counter[MarketKey] = Counter()
    for row in rows:
        counts[MarketKey.of(row)] += row["n"]
    best = market if market in counts else max(counts, key=lambda key: counts[key])
    of_best = [row for row in rows if MarketKey.of(row) == best]
    time, price = np.array([_unix(row["moment"]) for row in of_best]), np.array([row["last_usd"] for row in of_best])
    return Path(time, price, f"{venue_labels(lake).of_row(of_best[0])} {of_best[0]['market']} {of_best[0]['source']}")


def _recorded(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str) -> Window:
    """An open window closed where the prices begin and end, so that its buckets are as fine as a closed one's."""
    if not prices_view(lake):
        return window
    query = "SELECT min(moment), max(moment) FROM mart_prices WHERE underlying = ? AND moment >= ? AND moment < ?"
    row = lake.execute(query, [underlying, window.lake_since, window.lake_until]).fetchone()
    if row is None or row[0] is None:
        return window
    return Window(row[0].replace(tzinfo=UTC), row[1].replace(tzinfo=UTC) + timedelta(seconds=1))


def _around(window: Window, first: datetime, last: datetime) -> Window:
    """The series' own time with what led up to it: as long again before it, at least an hour, within the window."""
    lead = max(last - first, timedelta(hours=1))
    return Window(max(first - lead, window.lake_since), min(last + timedelta(minutes=5), window.lake_until))


def _from_the_turn(path: Path, first: float, side: int) -> Path:
    """The path from where the move against the victims began: their best price before the first liquidation."""
    before = path.price[: max(int(np.searchsorted(path.time, first, side="right")), 1)]
    begin = int(len(before) - 1 - np.argmax((side * before)[::-1]))
    return Path(path.time[begin:], path.price[begin:], path.source)


def observed_amplification(of: Series, side: int, window: Window) -> Figure:
    """A_obs of a series; unknown where fills of liquidations are the only prices."""
    path, times, scope = of.path, of.time, Scope(window.words, of.quality)
    if path.source.endswith(FILLS):
        return OBSERVED.figure(None, scope, len(times), note="fills of liquidations say nothing about the price before them")
    at_first = float(path.price[max(int(np.searchsorted(path.time, times[0], side="right")) - 1, 0)])
    until = path.time <= times[-1] + 60
    extreme = float(path.price[until].min() if side == 1 else path.price[until].max()) if until.any() else at_first
    return observed(float(path.price[0]), at_first, extreme, scope, len(times))


def _extreme(path: Path, starts: Floats, wave: int, side: int) -> float | None:
    """The extreme price of the wave's own stretch."""
    if wave == NEVER:
        return None
    stop = starts[wave + 1] if wave + 1 < len(starts) else np.inf
    inside: Ints = np.flatnonzero((path.time >= starts[wave]) & (path.time < stop))
    prices = path.price[inside]
    return float(prices.min() if side == 1 else prices.max())


def _unix(moment: datetime) -> float:
    return (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 the lake's times are UTC without an offset
