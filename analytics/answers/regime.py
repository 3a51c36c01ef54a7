"""Is the leverage gone? Open interest, funding and liquidations before and after, with the verdict in words (M20, M21, seed S4)."""

from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey
from analytics.answers.ledger import ledger_view
from analytics.answers.positioning import Funding, funding, funding_of, open_interest_view
from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.funding import RESET, reset
from analytics.models.open_interest import FLUSH, FLUSH_USD, FORCED, flush, forced_share, usd_fall
from analytics.models.verdict import LEAST_FLUSH, NORMAL_Z, Verdict, verdict

_FUNDING_Z = Definition(
    "M21", "funding z after", "1", "z of 8-hour funding against the 90 days before it, last settlement within a day after"
)
_CEASED = Definition(
    "M22", "hourly victim USD over open interest after", "1", "mean over the 24 h after the window / open interest before it"
)
_AFTER, _RESET_WITHIN = timedelta(days=1), timedelta(days=7)
_LEAST_HOURS = 100
_LEAST_FALL = 0.01
"""Liquidations over a smaller fall of open interest than this are a number without a meaning."""
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("verdict", pa.string()),
        ("flush", pa.float64()),
        ("flush_unit", pa.string()),
        ("open_interest_before", pa.float64()),
        ("open_interest_lowest", pa.float64()),
        ("open_interest_after", pa.float64()),
        ("open_interest_before_usd", pa.float64()),
        ("funding_before_8h", pa.float64()),
        ("funding_after_8h", pa.float64()),
        ("funding_z_after", pa.float64()),
        ("funding_reset_h", pa.float64()),
        ("forced_share", pa.float64()),
        ("liquidated_after", pa.float64()),
        ("liquidated_p75", pa.float64()),
        ("in_words", pa.string()),
        ("n", pa.int64()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)


def regime(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per venue's market with open interest in the window: before, lowest, after, funding, and the verdict with its three numbers.

    After means up to an hour (open interest) or a day (funding, liquidations) past the window's end."""
    asked = window or Window()
    if not open_interest_view(lake):
        return annotated(pa.Table.from_pylist([], _SCHEMA), reason="this lake has no open interest: nothing says how much leverage is left")
    parameters = {"since": asked.lake_since, "until": asked.lake_until, "underlying": underlying}
    changes = lake.execute(mart("open_interest_change"), parameters).to_arrow_table().to_pylist()
    rows = [row for change in changes if (row := _row(lake, change, asked)) is not None]
    notes = [
        f"leverage removed: open interest fell by {LEAST_FLUSH:.0%} or more, |funding z| below {NORMAL_Z}, and hourly liquidations over "
        "open interest below their 75th percentile of the time before; one clear failure: fragility remains; otherwise not known",
        f"flush: {FLUSH.formula}; in USD where the source has no base units: {FLUSH_USD.caveat}",
        f"funding reset, in hours: {RESET.formula}; {RESET.caveat}; up to a week after the window, unknown where it was never extreme",
        f"forced share: {FORCED.formula}; {FORCED.caveat}; of the same venue, a lower bound where its liquidations are sampled; unknown "
        "where open interest fell by less than 1 %",
    ]
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=f"no open interest within {asked.words}", notes=notes)


def _row(lake: duckdb.DuckDBPyConnection, change: dict[str, Any], window: Window) -> dict[str, object] | None:
    scope = Scope(window.words, change["quality"])
    fallen = _flush(change, scope)
    if fallen is None:
        return None
    figure, unit, before, series = fallen
    paid = _funding_of(lake, change, window, _AFTER)
    z, rate_before, rate_after = _funding_after(paid, window, scope)
    ceased, limit = _liquidated_after(lake, change, window, scope)
    found = verdict(figure, z, ceased, limit)
    return {
        "underlying": change["underlying"],
        "chain_id": change["chain_id"],
        "venue": change["venue"],
        "market": change["market"],
        "verdict": found.words,
        "flush": figure.value,
        "flush_unit": unit,
        "open_interest_before": before,
        "open_interest_lowest": min(series),
        "open_interest_after": series[-1],
        "open_interest_before_usd": change["before_usd"],
        "funding_before_8h": rate_before,
        "funding_after_8h": rate_after,
        "funding_z_after": z.value,
        "funding_reset_h": _reset_hours(lake, change, window, scope),
        "forced_share": _forced(lake, change, window, scope),
        "liquidated_after": ceased.value,
        "liquidated_p75": limit if np.isfinite(limit) else None,
        "in_words": _words(found, limit),
        "n": len(series),
        "quality": change["quality"],
        "window": window.words,
    }


def _flush(change: dict[str, Any], scope: Scope) -> tuple[Figure, str, float, list[float]] | None:
    if change["after_base"] and change["before_base"]:
        found = flush(change["after_base"], change["before_base"], scope)
        return found.share, "base", found.before, change["after_base"]
    if change["after_usd"] and change["before_usd"]:
        series = change["after_usd"]
        return usd_fall(change["before_usd"], min(series), scope), "USD", change["before_usd"], series
    return None


def _funding_of(lake: duckdb.DuckDBPyConnection, change: dict[str, Any], window: Window, after: timedelta) -> Funding | None:
    """Of the same venue and underlying, up to so long after the window."""
    until = Window(window.since, window.until + after if window.until else None)
    return funding_of(MarketKey.of(change), funding(lake, until, change["underlying"]))


def _funding_after(paid: Funding | None, window: Window, scope: Scope) -> tuple[Figure, float | None, float | None]:
    if paid is None or not len(paid.time):
        return _FUNDING_Z.figure(None, scope, 0, note="no funding of this venue"), None, None
    since, until = (_unix(edge) for edge in (window.lake_since, window.lake_until))
    first = max(int(np.searchsorted(paid.time, since)) - 1, 0)
    last = len(paid.time) - 1
    note = "" if paid.time[last] >= until else "no settlement after the window: the last one within it"
    if not np.isfinite(paid.z[last]):
        note = "fewer than 30 settlements before it"
    z = _FUNDING_Z.figure(float(paid.z[last]), scope, last + 1, note=note)
    return z, float(paid.rate_8h[first]), float(paid.rate_8h[last])


def _reset_hours(lake: duckdb.DuckDBPyConnection, change: dict[str, Any], window: Window, scope: Scope) -> float | None:
    """Hours from the first extreme of funding in the window, or in the week after it, to its reset."""
    paid = _funding_of(lake, change, window, _RESET_WITHIN)
    if paid is None:
        return None
    later = paid.time >= _unix(window.lake_since)
    found = reset(paid.time[later], np.nan_to_num(paid.z[later], nan=0.0), scope)
    return found.delay.value / 3600 if found and found.delay.value is not None else None


def _forced(lake: duckdb.DuckDBPyConnection, change: dict[str, Any], window: Window, scope: Scope) -> float | None:
    """Victims' base units over the fall of open interest; None where either is unknown, or it hardly fell."""
    if not ledger_view(lake) or not change["after_base"] or not change["before_base"]:
        return None
    where = {"underlying": change["underlying"], **MarketKey.of(change)._asdict()}
    base = lake.execute(mart("victim_base"), where | {"since": window.lake_since, "until": window.lake_until}).fetchone()
    fallen = flush(change["after_base"], change["before_base"], scope)
    if fallen.share.value is None or fallen.share.value < _LEAST_FALL:
        return None
    return forced_share(float(base[0]), fallen, scope).value if base and base[0] else None


def _liquidated_after(lake: duckdb.DuckDBPyConnection, change: dict[str, Any], window: Window, scope: Scope) -> tuple[Figure, float]:
    """(mean hourly victim USD / open interest over the day after, its frozen 75th percentile of the hours before the window)."""
    unknown = float("nan")
    if not ledger_view(lake) or not change["before_usd"]:
        return _CEASED.figure(None, scope, 0, note="no liquidations recorded"), unknown
    after_end = window.lake_until + _AFTER if window.until else window.lake_until
    hours = lake.execute(mart("victim_hours"), {"underlying": change["underlying"], "until": after_end}).to_arrow_table().to_pylist()
    if not hours or hours[0]["recorded_until"] < after_end:
        return _CEASED.figure(None, scope, 0, note="liquidations are not recorded for a day after the window"), unknown
    known = int((window.lake_since - hours[0]["recorded_from"]).total_seconds() // 3600)
    before = [row["usd"] or 0.0 for row in hours if row["hour"] + timedelta(hours=1) <= window.lake_since]
    after = sum(row["usd"] or 0.0 for row in hours if row["hour"] >= window.lake_until)
    if known < _LEAST_HOURS:
        return _CEASED.figure(None, scope, 24, note=f"only {known} hours recorded before the window: no usual level"), unknown
    usual = np.concatenate([np.array(before), np.zeros(max(known - len(before), 0))]) / change["before_usd"]
    return _CEASED.figure(after / 24 / change["before_usd"], scope, 24), float(np.quantile(usual, 0.75))


def _words(found: Verdict, limit: float) -> str:
    flushed, fell = found.open_interest_fell
    z, normal = found.funding_reset
    after, ceased = found.liquidations_ceased
    parts = [
        f"open interest fell {flushed.value:.1%} ({_answer(fell)}: {LEAST_FLUSH:.0%} wanted)"
        if flushed.value is not None
        else "open interest unknown",
        f"funding z {z.value:+.2f} ({_answer(normal)}: within {NORMAL_Z})" if z.value is not None else f"funding z unknown ({z.caveat})",
        f"hourly liquidations {after.value:.2e} of open interest ({_answer(ceased)}: below {limit:.2e})"
        if after.value is not None
        else f"liquidations after unknown ({after.caveat})",
    ]
    return "; ".join(parts)


def _answer(holds: bool | None) -> str:
    return "unknown" if holds is None else "yes" if holds else "no"


def _unix(moment: datetime) -> float:
    return (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 the lake's times are UTC without an offset
