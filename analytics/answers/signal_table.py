"""Signals of one market as of a moment (seed S0), every condition with the number that decided it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey, venue_labels
from analytics.answers.ledger import ledger_view
from analytics.answers.positioning import funding, held, open_interest_path
from analytics.answers.prices import prices_view
from analytics.answers.window import Window, lake_time
from analytics.marts import mart
from analytics.models.arrays import Floats, ModelInputError
from analytics.models.signals import Signal, SignalBars, SignalRules, exhaustion, fragile_build_up, squeeze_entry

_BARS = 60
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the lake's times are UTC without an offset
_SCHEMA = pa.schema(
    [
        ("signal", pa.string()),
        ("on", pa.bool_()),
        ("condition", pa.string()),
        ("holds", pa.bool_()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("at", pa.timestamp("us")),
        ("n", pa.int64()),
    ]
)


def signals(lake: duckdb.DuckDBPyConnection, underlying: str, at: datetime | None = None, bar_minutes: int = 60) -> pa.Table:
    """Squeeze entry, exhaustion and build-up at the last bar that begins before `at` (None: the newest). Nothing later is read.

    `on` is true only when every condition is known to hold; `holds` is null where the lake does not know."""
    schema_less = pa.Table.from_pylist([], _SCHEMA)
    if not prices_view(lake):
        return annotated(schema_less, reason="this lake has no prices")
    bars = _bars(lake, underlying, at, bar_minutes * 60)
    if not bars:
        return annotated(schema_less, reason=f"no prices of {underlying}{f' before {lake_time(at):%Y-%m-%d %H:%M:%S} UTC' if at else ''}")
    made = _signal_bars(lake, underlying, bars, bar_minutes * 60)
    rows: list[dict[str, object]] = []
    source = f"{venue_labels(lake).of_row(bars[-1])} {bars[-1]['source']}"
    notes = [f"{len(bars)} bars of {bar_minutes} min up to {bars[-1]['bar']:%Y-%m-%d %H:%M} UTC, {source}"]
    for ask in (squeeze_entry, exhaustion, fragile_build_up):
        try:
            rows += _rows(ask(made, SignalRules()), bars[-1]["bar"], len(bars))
        except ModelInputError as short:
            notes.append(f"left out: {short}")
    return annotated(
        pa.Table.from_pylist(rows, _SCHEMA),
        reason=f"only {len(bars)} bars of {bar_minutes} min of {underlying}",
        notes=notes,
        window=_span(bars, bar_minutes),
        quality="/".join(sorted({bar["quality"] for bar in bars})),
    )


def _span(bars: list[dict[str, Any]], bar_minutes: int) -> str:
    return Window(bars[0]["bar"], bars[-1]["bar"] + timedelta(minutes=bar_minutes)).words


def _bars(lake: duckdb.DuckDBPyConnection, underlying: str, at: datetime | None, bar_s: int) -> list[dict[str, Any]]:
    until = lake_time(at) if at else None
    if until is None:
        row = lake.execute("SELECT max(moment) FROM mart_prices WHERE underlying = ?", [underlying]).fetchone()
        until = row[0] + timedelta(microseconds=1) if row and row[0] else None
    if until is None:
        return []
    parameters = {"underlying": underlying, "since": until - timedelta(seconds=bar_s * _BARS), "until": until, "bar_s": bar_s}
    return list(lake.execute(mart("signal_bars"), parameters).to_arrow_table().to_pylist())


def _signal_bars(lake: duckdb.DuckDBPyConnection, underlying: str, bars: list[dict[str, Any]], bar_s: int) -> SignalBars:
    starts = np.array([(bar["bar"] - _EPOCH).total_seconds() for bar in bars])
    window = Window(bars[0]["bar"].replace(tzinfo=UTC), bars[-1]["bar"].replace(tzinfo=UTC) + timedelta(seconds=bar_s))
    ends = starts + bar_s

    def column(name: str) -> Floats:
        return np.array([np.nan if bar[name] is None else bar[name] for bar in bars], np.float64)

    return SignalBars(
        column("high_usd"),
        column("low_usd"),
        column("open_usd"),
        column("close_usd"),
        column("volume_usd") / column("close_usd"),
        _short_victims(lake, underlying, window, starts, bar_s),
        held(*_funding(lake, underlying, window, MarketKey.of(bars[-1])), ends),
        held(*_open_interest(lake, underlying, window, MarketKey.of(bars[-1]), bar_s), ends),
    )


def _short_victims(lake: duckdb.DuckDBPyConnection, underlying: str, window: Window, starts: Floats, bar_s: int) -> Floats:
    """USD of short victims per bar; nan in bars before or after what was recorded."""
    if not ledger_view(lake):
        return np.full(len(starts), np.nan)
    recorded = lake.execute("SELECT min(exchange_time), max(exchange_time) FROM ledger").fetchone()
    if recorded is None or recorded[0] is None:
        return np.full(len(starts), np.nan)
    query = """SELECT epoch_us(exchange_time) / 1e6 AS moment, coalesce(notional_usd, 0) AS usd FROM ledger
        WHERE underlying = $underlying AND side = 'short' AND stage = 'trader' AND exchange_time >= $since AND exchange_time < $until"""
    asked = {"underlying": underlying, "since": window.lake_since, "until": window.lake_until}
    table = lake.execute(query, asked).to_arrow_table()
    place = np.searchsorted(starts, table["moment"].to_numpy(), side="right") - 1
    sums = np.bincount(place, weights=table["usd"].to_numpy(), minlength=len(starts)).astype(np.float64)
    first, last = ((edge - _EPOCH).total_seconds() for edge in recorded)
    return np.where((starts + bar_s > first) & (starts <= last), sums, np.nan)


def _funding(lake: duckdb.DuckDBPyConnection, underlying: str, window: Window, priced: MarketKey) -> tuple[Floats, Floats]:
    """Of the price's market, else of its venue, else of the market with most settlements."""
    sources = sorted(funding(lake, window, underlying), key=lambda one: (*_nearness(one.market, priced), len(one.time)))
    return (sources[-1].time, sources[-1].rate_8h) if sources else (np.zeros(0), np.zeros(0))


def _open_interest(
    lake: duckdb.DuckDBPyConnection, underlying: str, window: Window, priced: MarketKey, bar_s: int
) -> tuple[Floats, Floats]:
    """Base units, of the price's market, else of its venue, else of the market with most values."""
    before = Window(window.since - timedelta(seconds=bar_s) if window.since else None, window.until)
    series: dict[MarketKey, list[tuple[float, float]]] = {}
    for row in open_interest_path(lake, before, underlying, float(bar_s)).to_pylist():
        if row["base"] is not None:
            series.setdefault(MarketKey.of(row), []).append(((row["moment"] - _EPOCH).total_seconds(), row["base"]))
    if not series:
        return np.zeros(0), np.zeros(0)
    best = max(series, key=lambda market: (*_nearness(market, priced), len(series[market])))
    time, base = (np.array(values, np.float64) for values in zip(*series[best], strict=True))
    return time, base


def _nearness(market: MarketKey, priced: MarketKey) -> tuple[bool, bool]:
    """The same venue, the same market."""
    return market[:2] == priced[:2], market == priced


def _rows(signal: Signal, at: datetime, n: int) -> list[dict[str, object]]:
    return [
        {
            "signal": signal.name,
            "on": signal.on,
            "condition": one.name,
            "holds": one.holds if one.holds is None else bool(one.holds),
            "value": one.value,
            "unit": one.unit,
            "at": at,
            "n": n,
        }
        for one in signal.conditions
    ]
