"""How much leverage stands on how much spot trading? Open interest over a day's spot volume (seed S3, an input of M22)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey, venue_labels
from analytics.answers.positioning import open_interest_view
from analytics.answers.prices import prices_view
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.figure import Definition

_DAY = timedelta(days=1)
_EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001 the lake's times are UTC without an offset
_HOURS, _LEAST_HOURS = 24, 0.9 * 24
_RATIO = Definition(
    "M22",
    "open interest over spot volume",
    "days of volume",
    "open interest at the window's end / USD traded spot in the 24 h up to it",
    "of the named venues only: spot of other venues would lower it, their open interest raise it",
)
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("open_interest_usd", pa.float64()),
        ("open_interest_time", pa.timestamp("us")),
        ("open_interest_venues", pa.list_(pa.string())),
        ("spot_volume_usd", pa.float64()),
        ("spot_venues", pa.list_(pa.string())),
        ("spot_hours", pa.int64()),
        ("open_interest_to_spot", pa.float64()),
        ("perpetual_volume_usd", pa.float64()),
        ("perpetual_venues", pa.list_(pa.string())),
        ("perpetual_hours", pa.int64()),
        ("open_interest_to_perpetual", pa.float64()),
        ("compared_venues", pa.list_(pa.string())),
        ("n", pa.int64()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_NOTES = (
    f"{_RATIO.name}: {_RATIO.formula}; {_RATIO.caveat}",
    "open interest: each market's last value within the window or the day before it; base units alone at the market's last price",
    "volume: trades, or candles of perpetual markets (base volume x close) where they cover more hours; dated futures are left out",
    f"hours: those of the {_HOURS} with a record; nothing is scaled up, and below {_LEAST_HOURS / _HOURS:.0%} of them there is no ratio",
    "open interest over perpetual volume: of the venues that have both, `compared_venues`",
)


@dataclass(frozen=True, slots=True)
class HeldOpenInterest:
    """One market's open interest, USD null where no price is known; `venue` is its venue's label."""

    venue: str
    market: str
    usd: float | None
    moment: datetime
    n: int
    quality: str


@dataclass(frozen=True, slots=True)
class Traded:
    """What one market traded in a time; `hours` are those with a record, counted back from its end."""

    venue: str
    instrument: str
    usd: float
    hours: frozenset[int]
    n: int
    quality: str


def open_interest_to_spot(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per asset with open interest or spot trades: open interest (USD), spot and perpetual volume (USD, 24 h up to the window's end) and
    their ratios in days of volume, null where `note` says why. An open window ends with the newest open interest or trade."""
    asked = window or Window()
    nothing = pa.Table.from_pylist([], _SCHEMA)
    end = asked.lake_until if asked.until else newest_record(lake)
    if end is None:
        return annotated(nothing, reason="this lake has neither open interest nor trades")
    held = held_at_the_end(lake, asked, end, underlying)
    volumes = traded(lake, max(end, _EARLIEST) - _DAY, end, underlying)
    named = sorted(name for name in {*held, *volumes} if name in held or any(one.instrument == "spot" for one in volumes[name]))
    rows = [_row(name, held.get(name, []), volumes.get(name, []), asked) for name in named]
    rows.sort(key=lambda row: -float(str(row["open_interest_usd"] or 0)))
    reason = f"no open interest and no spot trades{f' of {underlying}' if underlying else ''} in {asked.words} or the day before its end"
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=reason, notes=_NOTES)


def newest_record(lake: duckdb.DuckDBPyConnection) -> datetime | None:
    """Just after the last open interest or trade of the lake (lake time); None without either."""
    sources = [("mart_open_interest", "moment")] if open_interest_view(lake) else []
    sources += [("stg_market_trades", "exchange_time")] if has_view(lake, "stg_market_trades") else []
    found = [lake.execute(f"SELECT max({column}) FROM {view}").fetchone() for view, column in sources]  # noqa: S608 our own names
    times = [row[0] for row in found if row and row[0] is not None]
    return max(times) + timedelta(microseconds=1) if times else None


def held_at_the_end(
    lake: duckdb.DuckDBPyConnection, window: Window, end: datetime, underlying: str | None
) -> dict[str, list[HeldOpenInterest]]:
    """By asset, each market's last open interest within the window or the day before it, up to `end` (lake time)."""
    if not open_interest_view(lake):
        return {}
    since = max(window.lake_since if window.since else end, _EARLIEST) - _DAY
    asked = {"since": since, "until": end, "underlying": underlying}
    labels = venue_labels(lake)
    made: dict[str, list[HeldOpenInterest]] = {}
    for row in lake.execute(mart("open_interest_last"), asked).to_arrow_table().to_pylist():
        usd = row["held"]["usd"] if row["held"]["usd"] is not None else _valued(lake, row, since, end)
        made.setdefault(row["underlying"], []).append(
            HeldOpenInterest(labels.of_row(row), row["market"], usd, row["moment"], row["n"], row["quality"])
        )
    return made


def _valued(lake: duckdb.DuckDBPyConnection, row: dict[str, Any], since: datetime, end: datetime) -> float | None:
    """Base units at the last price."""
    if row["held"]["base"] is None or not prices_view(lake):
        return None
    asked = {"since": since, "until": end, "underlying": row["underlying"], **MarketKey.of(row)._asdict()}
    found = lake.execute(mart("last_price"), asked).fetchone()
    return float(row["held"]["base"] * found[0]) if found and found[0] is not None else None


def traded(lake: duckdb.DuckDBPyConnection, since: datetime, end: datetime, underlying: str | None) -> dict[str, list[Traded]]:
    """By asset, what each market traded from `since` to `end` (lake time), from its fuller source; the mart gives it first."""
    if not has_view(lake, "stg_market_trades") or not has_view(lake, "stg_market_candles"):
        return {}
    asked = {"since": since, "until": end, "underlying": underlying}
    best: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for row in lake.execute(mart("volumes"), asked).to_arrow_table().to_pylist():
        best.setdefault((row["underlying"], row["instrument"], row["venue"], row["market"]), row)
    made: dict[str, list[Traded]] = {}
    for (name, instrument, venue, _), row in best.items():
        one = Traded(venue, instrument, row["volume_usd"], frozenset(row["hours"]), row["n"], row["quality"])
        made.setdefault(name, []).append(one)
    return made


def _row(underlying: str, held: list[HeldOpenInterest], traded: list[Traded], window: Window) -> dict[str, object]:
    spot = [one for one in traded if one.instrument == "spot"]
    perpetual = [one for one in traded if one.instrument == "perpetual"]
    valued = [one for one in held if one.usd is not None]
    both = {one.venue for one in valued} & {one.venue for one in perpetual}
    notes = [] if valued else ["no open interest recorded" if not held else "open interest without a price"]
    notes += [f"{one.venue} {one.market} left out: base units without a price" for one in held if one.usd is None and valued]
    to_spot = _ratio(valued, spot, "spot", notes)
    compared = [one for one in perpetual if one.venue in both]
    to_perpetual = _ratio([one for one in valued if one.venue in both], compared, "perpetual", notes) if valued and perpetual else None
    qualities = {part for told in (*(one.quality for one in valued), *(one.quality for one in traded)) for part in told.split("/")}
    row: dict[str, object] = {
        "underlying": underlying,
        "open_interest_usd": sum(one.usd or 0.0 for one in valued) if valued else None,
        "open_interest_time": max((one.moment for one in valued), default=None),
        "open_interest_venues": _venues(valued),
        "open_interest_to_spot": to_spot,
        "open_interest_to_perpetual": to_perpetual,
        "compared_venues": sorted(both) or None,
        "n": sum(one.n for one in valued) + sum(one.n for one in traded),
        "note": "; ".join(notes) or None,
        "quality": "/".join(sorted(qualities)),
        "window": window.words,
    }
    return row | _volume("spot", spot) | _volume("perpetual", perpetual)


def _ratio(held: list[HeldOpenInterest], traded: list[Traded], kind: str, notes: list[str]) -> float | None:
    """Null, with the reason added to `notes`, without trades, without a venue of both, or below 90 % of the hours."""
    if not traded:
        notes.append(f"no {kind} volume recorded" if kind == "spot" else "no venue with both open interest and perpetual volume")
        return None
    hours = len(_hours(traded))
    if hours < _LEAST_HOURS:
        notes.append(f"{kind} volume recorded in {hours} of {_HOURS} hours: no ratio")
        return None
    notes += [f"{kind} of {one.venue} recorded in {len(one.hours)} of {_HOURS} hours" for one in traded if len(one.hours) < _LEAST_HOURS]
    volume = sum(one.usd for one in traded)
    return sum(one.usd or 0.0 for one in held) / volume if held and volume > 0 else None


def _volume(kind: str, traded: list[Traded]) -> dict[str, object]:
    usd = sum(one.usd for one in traded) if traded else None
    return {f"{kind}_volume_usd": usd, f"{kind}_venues": _venues(traded), f"{kind}_hours": len(_hours(traded))}


def _hours(traded: list[Traded]) -> frozenset[int]:
    return frozenset().union(*(one.hours for one in traded))


def _venues(found: list[HeldOpenInterest] | list[Traded]) -> list[str] | None:
    return sorted({one.venue for one in found}) or None
