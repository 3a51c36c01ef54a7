"""Do assets fall, and get liquidated, together more than in calm times? (M27)"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey, venue_labels
from analytics.answers.ledger import SAMPLED, headline, ledger_view
from analytics.answers.prices import price_extremes, prices_view
from analytics.answers.ranking import ranked_assets
from analytics.answers.wave_table import FILLS
from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.arrays import Bools, Floats, Ints, ModelInputError
from analytics.models.correlation import CORRECTED, EWMA, LIFT, TAIL, ewma, lift, stress, tail
from analytics.models.figure import Figure, Scope

_ASSETS = 6
_CALM = timedelta(days=30)
_LEAST_BAR_S, _BARS = 60, 500
_HALF_LIFE_BARS = math.log(0.5) / math.log(0.94)
"""RiskMetrics' decay of 0.94 a bar (J.P. Morgan/Reuters 1996): weights halve in 11.2 bars."""
_TAIL = 0.05
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the lake's times are UTC without an offset
_SCHEMA = pa.schema(
    [
        ("first", pa.string()),
        ("second", pa.string()),
        ("bar_s", pa.int64()),
        ("n_stress", pa.int64()),
        ("n_calm", pa.int64()),
        ("calm", pa.float64()),
        ("stressed", pa.float64()),
        ("corrected", pa.float64()),
        ("variance_rise", pa.float64()),
        ("ewma", pa.float64()),
        ("tail", pa.float64()),
        ("lift", pa.float64()),
        ("n_minutes", pa.int64()),
        ("first_source", pa.string()),
        ("second_source", pa.string()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_NOTES = (
    "bars of the best source of each asset: 60 s, or the longer candle where a source has no finer price, and at least 1/500 of the window",
    "stressed: bars wholly within the window; calm: of up to 30 days before it; a bar counts where both assets have it and the one before",
    "closes of bars: a fall and a recovery within one bar are not seen, and a few extreme bars can decide a stressed correlation",
    f"{CORRECTED.name}: {CORRECTED.formula}, of the first asset's returns (variance_rise is delta); {CORRECTED.caveat}",
    f"{EWMA.name}: {EWMA.formula}, weights halve in {_HALF_LIFE_BARS:.1f} bars; calm and stressed bars up to the window's end",
    f"{TAIL.name}: {TAIL.formula} of {_TAIL:.0%}, calm and stressed bars together; {TAIL.caveat}",
    f"{LIFT.name}: {LIFT.formula} of one minute of the window that liquidations were recorded in; {LIFT.caveat}",
)


@dataclass(frozen=True, slots=True)
class _Prices:
    """The finest source of one asset's prices in the window, also in `words`."""

    underlying: str
    market: MarketKey
    source: str
    interval_s: int
    first_time: datetime
    last_time: datetime
    quality: str
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class _Minutes:
    """Minutes of the window that liquidations were recorded in: `count` from `first`, and those of each asset."""

    first: int
    count: int
    of: dict[str, Ints]
    quality: dict[str, str]

    def hit(self, asset: str) -> Bools:
        """Whether the asset was liquidated, minute by minute."""
        flags = np.zeros(self.count, np.bool_)
        flags[self.of.get(asset, np.zeros(0, np.int64)) - self.first] = True
        return flags


@dataclass(frozen=True, slots=True, eq=False)
class _Returns:
    """Log returns of both assets over common bars in time order; `under` marks those of the window."""

    bar_s: int
    first: Floats
    second: Floats
    under: Bools


def correlations(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Every pair of the six assets with most liquidated USD (without liquidations: that fell furthest), one row each; with `underlying`
    its pairs only, it first. Correlations and lift are numbers of unit 1, null where `note` says why."""
    asked = window or Window()
    nothing = pa.Table.from_pylist([], _SCHEMA)
    if not prices_view(lake):
        return annotated(nothing, reason="this lake has no prices: no trades, candles, market states or fills")
    prices = _sources(lake, asked)
    ranked = [name for name in ranked_assets(headline(lake, asked), price_extremes(lake, asked)) if name in prices]
    chosen = [*([underlying] if underlying in prices else []), *(name for name in ranked if name != underlying)][:_ASSETS]
    if underlying is not None and underlying not in prices:
        return annotated(nothing, reason=f"no prices of {underlying} in {asked.words}")
    if len(chosen) < 2:
        return annotated(nothing, reason=f"a correlation needs two assets with prices in {asked.words}: {len(chosen)} found")
    minutes = _minutes(lake, asked)
    span = _span(asked, [prices[name] for name in chosen])
    pairs = [pair for pair in combinations(chosen, 2) if underlying is None or pair[0] == underlying]
    rows = [_row(lake, prices[a], prices[b], span, minutes, asked.words) for a, b in pairs]
    sampled = [SAMPLED] if any("sampled" in str(row["quality"]) for row in rows) else []
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), notes=[*_NOTES, *sampled])


def _sources(lake: duckdb.DuckDBPyConnection, window: Window) -> dict[str, _Prices]:
    found = lake.execute(mart("price_sources"), {"since": window.lake_since, "until": window.lake_until}).to_arrow_table().to_pylist()
    labels = venue_labels(lake)
    best: dict[str, _Prices] = {}
    for row in found:
        words = f"{labels.of_row(row)} {row['market']} {row['source']}"
        own = {name: row[name] for name in ("underlying", "source", "interval_s", "first_time", "last_time", "quality")}
        best.setdefault(row["underlying"], _Prices(market=MarketKey.of(row), words=words, **own))
    return best


def _span(window: Window, prices: list[_Prices]) -> tuple[datetime, datetime]:
    """The window; an open side ends where the prices do."""
    first = min(one.first_time for one in prices)
    last = max(one.last_time + timedelta(seconds=one.interval_s) for one in prices)
    return (window.lake_since if window.since else first, window.lake_until if window.until else last)


def _minutes(lake: duckdb.DuckDBPyConnection, window: Window) -> _Minutes:
    rows: list[dict[str, Any]] = []
    if ledger_view(lake):
        asked = {"since": window.lake_since, "until": window.lake_until}
        rows = lake.execute(mart("liquidated_minutes"), asked).to_arrow_table().to_pylist()
    if not rows:
        return _Minutes(0, 0, {}, {})
    first = max(rows[0]["first_minute"], int(_unix(window.lake_since) // 60))
    stop = min(rows[0]["last_minute"] + 1, math.ceil(_unix(window.lake_until) / 60))
    of = {row["underlying"]: np.array(row["minutes"], np.int64) for row in rows}
    return _Minutes(first, stop - first, of, {row["underlying"]: row["quality"] for row in rows})


def _row(
    lake: duckdb.DuckDBPyConnection, a: _Prices, b: _Prices, span: tuple[datetime, datetime], minutes: _Minutes, words: str
) -> dict[str, object]:
    marks = {quality for name in (a.underlying, b.underlying) for quality in minutes.quality.get(name, "").split("/") if quality}
    quality = "/".join(sorted({*a.quality.split("/"), *b.quality.split("/"), *marks}))
    scope = Scope(words, quality)
    row: dict[str, object] = {"first": a.underlying, "second": b.underlying, "first_source": a.words, "second_source": b.words}
    moved, notes = _moved(lake, a, b, span, scope)
    lifted = lift(minutes.hit(a.underlying), minutes.hit(b.underlying), scope)
    row |= moved | {"lift": lifted.value, "n_minutes": lifted.n, "quality": quality, "window": words}
    if lifted.value is None:
        notes.append("no lift: no liquidations recorded" if not minutes.count else "no lift: one of them was never liquidated")
    return row | {"note": "; ".join(notes) or None}


def _moved(
    lake: duckdb.DuckDBPyConnection, a: _Prices, b: _Prices, span: tuple[datetime, datetime], scope: Scope
) -> tuple[dict[str, object], list[str]]:
    """The columns of the returns, and why some are null."""
    if FILLS in (a.source, b.source):
        return {"n_stress": 0, "n_calm": 0}, ["no correlation: fills of liquidations are the only prices of one of them"]
    returns = _returns(lake, a, b, span)
    under = int(returns.under.sum())
    made: dict[str, object] = {"bar_s": returns.bar_s, "n_stress": under, "n_calm": len(returns.under) - under}
    notes: list[str] = []
    try:
        found = stress(returns.first, returns.second, returns.under, scope)
        made |= {"calm": found.calm, "stressed": found.stressed, "corrected": found.corrected.value, "variance_rise": found.variance_rise}
    except ModelInputError as short:
        notes.append(f"calm against stressed: {short}")
    made["ewma"] = ewma(returns.first, returns.second, _HALF_LIFE_BARS, scope).value if len(returns.under) > 1 else None
    try:
        figure: Figure | None = tail(returns.first, returns.second, _TAIL, scope)
    except ModelInputError as short:
        figure = None
        notes.append(f"tail: {short}")
    if figure is not None and figure.value is None:
        notes.append("tail: fewer than ten tail observations")
    return made | {"tail": figure.value if figure else None}, notes


def _returns(lake: duckdb.DuckDBPyConnection, a: _Prices, b: _Prices, span: tuple[datetime, datetime]) -> _Returns:
    since, until = span
    least = max(_LEAST_BAR_S, a.interval_s, b.interval_s)
    bar_s = least * max(1, math.ceil((until - since).total_seconds() / _BARS / least))
    (bars_a, returns_a), (bars_b, returns_b) = (_bars(lake, one, since, until, bar_s) for one in (a, b))
    common, at_a, at_b = np.intersect1d(bars_a, bars_b, assume_unique=True, return_indices=True)
    begin, end = common * bar_s, (common + 1) * bar_s
    under = (begin >= _unix(since)) & (end <= _unix(until))
    kept = under | (end <= _unix(since))
    return _Returns(bar_s, returns_a[at_a][kept], returns_b[at_b][kept], under[kept])


def _bars(lake: duckdb.DuckDBPyConnection, one: _Prices, since: datetime, until: datetime, bar_s: int) -> tuple[Ints, Floats]:
    """Bars that follow another one without a gap, and their log returns."""
    asked = {"underlying": one.underlying, "source": one.source, **one.market._asdict()}
    parameters = asked | {"since": max(since - _CALM, _EPOCH), "until": until, "bar_s": bar_s}
    table = lake.execute(mart("price_bars"), parameters).to_arrow_table()
    bars, logs = table["bar"].to_numpy().astype(np.int64), np.log(table["close_usd"].to_numpy())
    follows = np.diff(bars) == 1
    return bars[1:][follows], np.diff(logs)[follows]


def _unix(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds()
