"""Which venue's price moves first, and by how much? (M16)"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.arrays import Floats, Ints, ModelInputError
from analytics.models.figure import Scope
from analytics.models.lead_lag import LAG, LLR, LeadLag
from analytics.models.lead_lag import lead_lag as estimate

_ASSETS, _MARKETS = 6, 6
_LEAST_CHANGES = 50
_TICKS = 20_000
_SEED = 16
_REACH_S, _STEP_S = 10.0, 0.1
_RESOLUTION_S = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "day": 86400.0}
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("first", pa.string()),
        ("second", pa.string()),
        ("lag_s", pa.float64()),
        ("lag_low_s", pa.float64()),
        ("lag_high_s", pa.float64()),
        ("ratio", pa.float64()),
        ("correlation", pa.float64()),
        ("lag_receive_s", pa.float64()),
        ("n", pa.int64()),
        ("resolution", pa.string()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_CURVES = pa.schema(
    [
        ("underlying", pa.string()),
        ("first", pa.string()),
        ("second", pa.string()),
        ("lag_s", pa.float64()),
        ("correlation", pa.float64()),
        ("n", pa.int64()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_NO_TRADES = "this lake has no trades: candles and block states are too coarse to say who moved first"
_NOTES = (
    f"{LAG.name}: {LAG.formula}; {LAG.caveat}",
    f"{LLR.name} (`ratio`): {LLR.formula}; {LLR.caveat}",
    f"last trade at each time of the exchange's clock, lags of -{_REACH_S:g} to {_REACH_S:g} s in steps of {_STEP_S:g} s, coarser where a "
    "source's stamps are; n: price steps of the market with fewer of them",
    "exchanges' clocks are not one: `lag_receive_s` is by the receiver's clock; a venue that stamps by block is right to a block only",
    "interval of 95 %: a bootstrap of twenty blocks of the time both traded in; where it holds 0, neither is known to lead",
    "the wildest minutes decide a window's figure: ask about the quiet time before them on its own",
    "buys and sells are read together: their bounce lowers every correlation; one above 1 comes of a price that moves on in small steps",
)


@dataclass(frozen=True, slots=True)
class _Market:
    """A market with enough price changes in the window."""

    underlying: str
    venue: str
    market: str
    received: bool
    resolution: str
    quality: str

    @property
    def name(self) -> str:
        return f"{self.venue} {self.market}"


@dataclass(frozen=True, slots=True, eq=False)
class _Ticks:
    """Last prices (USD) at distinct times (Unix µs), oldest first; `ticks` is how many there were before the cut."""

    time: Ints
    price: Floats
    ticks: int

    @property
    def changes(self) -> int:
        return int(np.count_nonzero(np.diff(self.price)))

    def between(self, first: int, last: int) -> "_Ticks":
        """Those from `first` to `last`, both included."""
        kept = (self.time >= first) & (self.time <= last)
        return _Ticks(self.time[kept], self.price[kept], self.ticks)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two markets of one asset; `found` is None where `note` says why."""

    first: _Market
    second: _Market
    found: LeadLag | None
    received: LeadLag | None
    note: str


def lead_lag(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per pair of markets of one asset: the lag (s, positive: the first leads), the ratio of both sides' correlations and the correlation
    at the lag. At most six assets and six markets each, those with most trades; null where `note` says why."""
    asked = window or Window()
    nothing = pa.Table.from_pylist([], _SCHEMA)
    if not has_view(lake, "stg_market_trades"):
        return annotated(nothing, reason=_NO_TRADES)
    notes: list[str] = []
    rows = [_row(pair, asked) for pair in _pairs(lake, asked, underlying, notes, full=True)]
    about = f"{f' of {underlying}' if underlying else ''} in {asked.words}"
    reason = f"no two markets of one asset with {_LEAST_CHANGES} price changes in trades{about}"
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=reason, notes=[*_NOTES, *notes])


def lead_lag_curves(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str) -> pa.Table:
    """The correlation of every pair of one asset's markets at every lag (s)."""
    if not has_view(lake, "stg_market_trades"):
        return annotated(pa.Table.from_pylist([], _CURVES), reason=_NO_TRADES)
    rows: list[dict[str, object]] = []
    for pair in _pairs(lake, window, underlying, [], full=False):
        if pair.found is not None:
            shared = _named(pair, window) | {"n": pair.found.lag.n}
            rows += [
                shared | {"lag_s": float(lag), "correlation": float(rho)} for lag, rho in zip(pair.found.lags, pair.found.rho, strict=True)
            ]
    return annotated(pa.Table.from_pylist(rows, _CURVES), reason=f"no two markets of {underlying} with enough trades in {window.words}")


def _pairs(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None, notes: list[str], *, full: bool) -> Iterator[_Pair]:
    """Every pair, with interval and the receivers' clocks when `full`; what was left out or cut is added to `notes`."""
    for markets in _markets(lake, window, underlying, notes):
        ticks = {market.name: _ticks(lake, window, market, received=False) for market in markets}
        enough = [market for market in markets if ticks[market.name].changes >= _LEAST_CHANGES]
        notes += [f"{one.underlying} {one.name} left out: {ticks[one.name].changes} price changes" for one in markets if one not in enough]
        if len(enough) < 2:
            continue
        notes += [
            f"{one.underlying} {one.name}: the last {_TICKS:,} of {ticks[one.name].ticks:,} times"
            for one in enough
            if ticks[one.name].ticks > _TICKS
        ]
        both = {one.name: _ticks(lake, window, one, received=True) for one in enough if one.received and full}
        for first, second in combinations(enough, 2):
            scope = Scope(window.words, "/".join(sorted({*first.quality.split("/"), *second.quality.split("/")})))
            step = max(_STEP_S, _RESOLUTION_S[first.resolution], _RESOLUTION_S[second.resolution])
            found, note = _estimate(ticks[first.name], ticks[second.name], step, scope, np.random.default_rng(_SEED) if full else None)
            received = None
            if first.name in both and second.name in both:
                received, _ = _estimate(both[first.name], both[second.name], step, scope)
            yield _Pair(first, second, found, received, note)


def _markets(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None, notes: list[str]) -> Iterator[list[_Market]]:
    """The markets of each asset with two or more of them, most trades first."""
    asked = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying}
    of: dict[str, list[_Market]] = {}
    for row in lake.execute(mart("traded_markets"), asked).to_arrow_table().to_pylist():
        of.setdefault(row["underlying"], []).append(_Market(**{name: row[name] for name in _Market.__slots__}))
    several = [markets for markets in of.values() if len(markets) > 1]
    if len(several) > _ASSETS:
        notes.append(f"the {_ASSETS} assets with most trades of {len(several)} that trade in several markets")
    for markets in several[:_ASSETS]:
        if len(markets) > _MARKETS:
            notes.append(f"{markets[0].underlying}: the {_MARKETS} markets with most trades of {len(markets)}")
        yield markets[:_MARKETS]


def _ticks(lake: duckdb.DuckDBPyConnection, window: Window, of: _Market, *, received: bool) -> _Ticks:
    where = {"underlying": of.underlying, "venue": of.venue, "market": of.market}
    asked = where | {"since": window.lake_since, "until": window.lake_until, "received": received, "most": _TICKS}
    table = lake.execute(mart("price_ticks"), asked).to_arrow_table()
    return _Ticks(table["unix_us"].to_numpy()[::-1], table["price_usd"].to_numpy()[::-1], table["ticks"][0].as_py())


def _estimate(a: _Ticks, b: _Ticks, step: float, scope: Scope, rng: np.random.Generator | None = None) -> tuple[LeadLag | None, str]:
    """Over the time both were trading in: what one did alone says nothing about the other."""
    since, until = max(a.time[0], b.time[0]), min(a.time[-1], b.time[-1])
    first, second = a.between(since, until), b.between(since, until)
    fewest = min(first.changes, second.changes)
    if fewest < _LEAST_CHANGES:
        return None, f"only {fewest} price changes in the time both traded in"
    reach = round(_REACH_S / step)
    lags = np.round(np.arange(-reach, reach + 1) * step, 6)
    try:
        found = estimate((first.time - since) / 1e6, first.price, (second.time - since) / 1e6, second.price, lags, scope, rng)
    except ModelInputError as wrong:
        return None, str(wrong)
    return found, _doubts(found, step)


def _doubts(found: LeadLag, step: float) -> str:
    """What speaks against reading the lag."""
    low, high = found.lag.interval or (np.nan, np.nan)
    parts = [
        f"steps of {step:g} s: a source's stamps are no finer" if step > _STEP_S else "",
        "extreme at the edge of the lags" if abs(found.lag.value or 0.0) >= found.lags[-1] else "",
        "neither is known to lead" if low <= 0 <= high else "",
    ]
    return "; ".join(part for part in parts if part)


def _row(pair: _Pair, window: Window) -> dict[str, object]:
    coarser = max(pair.first.resolution, pair.second.resolution, key=lambda name: _RESOLUTION_S[name])
    row = _named(pair, window) | {"resolution": coarser, "note": pair.note or None, "n": pair.found.lag.n if pair.found else 0}
    if pair.found is None:
        return row
    low, high = pair.found.lag.interval or (None, None)
    row |= {"lag_s": pair.found.lag.value, "lag_low_s": low, "lag_high_s": high, "ratio": pair.found.ratio.value}
    row["correlation"] = float(pair.found.rho[np.argmax(np.abs(pair.found.rho))])
    return row | {"lag_receive_s": pair.received.lag.value if pair.received else None}


def _named(pair: _Pair, window: Window) -> dict[str, object]:
    quality = "/".join(sorted({*pair.first.quality.split("/"), *pair.second.quality.split("/")}))
    names: dict[str, object] = {"underlying": pair.first.underlying, "first": pair.first.name, "second": pair.second.name}
    return names | {"quality": quality, "window": window.words}
