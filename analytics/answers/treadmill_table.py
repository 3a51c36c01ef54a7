"""The treadmill's state hour by hour: accumulating, fragile, flushing, reset (M22). Nothing looks ahead."""

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey, venue_labels
from analytics.answers.ledger import ledger_view
from analytics.answers.positioning import funding, funding_of, held, open_interest_path, open_interest_view
from analytics.answers.wave_table import price_of
from analytics.answers.window import Window, lake_time
from analytics.marts import mart
from analytics.models.arrays import Floats, ModelInputError
from analytics.models.treadmill import HourlyBars, calibrate, states

JUDGED_HOURS = 168
_HISTORY_HOURS = 90 * 24
_DAY = 24
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the lake's times are UTC without an offset
_SCHEMA = pa.schema(
    [
        ("hour", pa.timestamp("us")),
        ("state", pa.string()),
        ("funding_z", pa.float64()),
        ("open_interest_base", pa.float64()),
        ("liquidated_share", pa.float64()),
        ("return_24h", pa.float64()),
    ]
)


def treadmill(lake: duckdb.DuckDBPyConnection, underlying: str, at: datetime | None = None) -> pa.Table:
    """States of the 168 hours before `at` (None: the newest open interest). `liquidated_share`: victim USD over open interest.

    Thresholds are frozen on the time before those hours: at most 90 days, at least 100 hours with liquidations and open interest."""
    nothing = pa.Table.from_pylist([], _SCHEMA)
    if not open_interest_view(lake) or not ledger_view(lake):
        return annotated(nothing, reason="the treadmill needs open interest and liquidations: this lake lacks one of them")
    until = lake_time(at) if at else datetime.max  # noqa: DTZ901 the lake's times are UTC without an offset
    last = lake.execute(mart("last_open_interest"), {"underlying": underlying, "until": until}).fetchone()
    if last is None:
        return annotated(nothing, reason=f"no open interest of {underlying} in base units")
    *key, edge = last
    market, ends = MarketKey(*key), _hours(edge)
    bars = _bars(lake, underlying, market, ends)
    past = slice(0, -JUDGED_HOURS)
    try:
        limits = calibrate(bars.liquidated[past], bars.open_interest[past])
    except ModelInputError as short:
        judged_from = edge - timedelta(hours=JUDGED_HOURS)
        return annotated(nothing, reason=f"{short}: {underlying} has too little before {judged_from:%Y-%m-%d %H:%M} UTC")
    found = states(bars, limits)[-JUDGED_HOURS:]
    notes = [
        f"open interest and funding of {venue_labels(lake).of(*market[:2])} {market.market}; a state changes after two hours running",
        f"frozen on the hours before: liquidated p99 {limits.liquidated_p99:.2e}, p75 {limits.liquidated_p75:.2e} of open interest, "
        f"open interest p80 {limits.open_interest_p80:,.6g}",
    ]
    judged = Window(*(datetime.fromtimestamp(float(edge), UTC) for edge in (ends[-JUDGED_HOURS] - 3600, ends[-1])))
    table = pa.Table.from_pylist(_rows(ends, bars, [str(state) for state in found]), _SCHEMA)
    return annotated(table, notes=notes, window=judged.words, quality=_quality(lake, underlying), n=int(np.isfinite(bars.liquidated).sum()))


def _quality(lake: duckdb.DuckDBPyConnection, underlying: str) -> str:
    """Of the asset's liquidations, the weaker of the two inputs."""
    row = lake.execute(
        "SELECT string_agg(DISTINCT quality, '/' ORDER BY quality) FROM ledger WHERE underlying = ?", [underlying]
    ).fetchone()
    return str(row[0]) if row and row[0] else "unknown"


def _hours(edge: datetime) -> Floats:
    """Ends of whole hours up to the one that holds `edge`, Unix s."""
    last = float((edge - _EPOCH) // timedelta(hours=1) + 1) * 3600
    hours: Floats = last - 3600.0 * np.arange(_HISTORY_HOURS, dtype=np.float64)[::-1]
    return hours


def _bars(lake: duckdb.DuckDBPyConnection, underlying: str, market: MarketKey, ends: Floats) -> HourlyBars:
    window = Window(*(datetime.fromtimestamp(float(edge), UTC) for edge in (ends[0] - 3600 * _DAY, ends[-1])))
    rows = [
        row
        for row in open_interest_path(lake, window, underlying, 3600.0).to_pylist()
        if MarketKey.of(row) == market and row["base"] is not None
    ]
    times = np.array([(row["moment"] - _EPOCH).total_seconds() for row in rows])
    base = held(times, np.array([row["base"] for row in rows]), ends)
    path = price_of(lake, window, underlying)
    price = held(path.time, path.price, ends) if path else np.full(len(ends), np.nan)
    logs = np.log(price)
    change = np.full(len(ends), np.nan)
    change[_DAY:] = logs[_DAY:] - logs[:-_DAY]
    paid = funding_of(market, funding(lake, window, underlying))
    score = held(paid.time, paid.z, ends) if paid else np.full(len(ends), np.nan)
    return HourlyBars(score, base, _liquidated(lake, underlying, ends) / (base * price), change, _trailing(np.diff(logs, prepend=np.nan)))


def _liquidated(lake: duckdb.DuckDBPyConnection, underlying: str, ends: Floats) -> Floats:
    """Victim USD per hour; nan for hours not wholly recorded."""
    until = datetime.fromtimestamp(float(ends[-1]), UTC).replace(tzinfo=None)
    rows = lake.execute(mart("victim_hours"), {"underlying": underlying, "until": until}).to_arrow_table().to_pylist()
    usd = {(row["hour"] - _EPOCH).total_seconds() + 3600: row["usd"] or 0.0 for row in rows}
    if not rows:
        return np.full(len(ends), np.nan)
    first, last = ((rows[0][name] - _EPOCH).total_seconds() for name in ("recorded_from", "recorded_until"))
    sums = np.array([usd.get(float(end), 0.0) for end in ends])
    return np.where((ends - 3600 >= first) & (ends - 3600 <= last), sums, np.nan)


def _trailing(hourly: Floats, hours: int = 720) -> Floats:
    """Volatility of 24-hour returns from the hourly returns of the 30 days up to each hour; nan with fewer than 48 of them."""
    known = np.isfinite(hourly)
    squares = np.concatenate([[0.0], np.cumsum(np.where(known, hourly, 0.0) ** 2)])
    counts = np.concatenate([[0], np.cumsum(known)])
    at = np.arange(1, len(hourly) + 1)
    begin = np.maximum(at - hours, 0)
    n = counts[at] - counts[begin]
    return np.where(n >= 2 * _DAY, np.sqrt((squares[at] - squares[begin]) / np.maximum(n, 1) * _DAY), np.nan)


def _rows(ends: Floats, bars: HourlyBars, found: list[str]) -> list[dict[str, object]]:
    judged = range(len(ends) - len(found), len(ends))

    def known(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return [
        {
            "hour": datetime.fromtimestamp(float(ends[i]) - 3600, UTC).replace(tzinfo=None),
            "state": state,
            "funding_z": known(bars.funding_z[i]),
            "open_interest_base": known(bars.open_interest[i]),
            "liquidated_share": known(bars.liquidated[i]),
            "return_24h": known(bars.return_24h[i]),
        }
        for i, state in zip(judged, found, strict=True)
    ]
