"""Liquidity by hour of the UTC day, weekdays and weekends apart (M26)."""

from typing import Any

import pyarrow as pa

from analytics.answers.annotated import notes_of
from analytics.answers.time_of_day import HOURS_FOR_A_CONTRAST, time_of_day
from analytics.report.scope import ASSETS, Subject
from analytics.report.section import Chart, Section, empty, grid
from analytics.report.style import figure, legend, look, usd, usd_axis

_TITLE = "Liquidity by hour of the day"
_COLUMNS = {
    "underlying": "asset",
    "venue": "venue",
    "market": "market",
    "measure": "measure",
    "days_of": "days",
    "hours": "hours",
    "best_hour": "best hour UTC",
    "best": "median then",
    "worst_hour": "worst hour UTC",
    "worst": "median then",
    "best_over_worst": "largest/smallest",
    "interval": "95 % interval",
    "n": "n",
    "note": "note",
}
_SCHEMA = pa.schema(
    [(name, pa.float64() if name == "best_over_worst" else pa.int64() if name in ("hours", "n") else pa.string()) for name in _COLUMNS]
)
_VENUES = 3
_Rows = list[dict[str, Any]]


def section(of: Subject) -> Section:
    """Median depth over the hours, where six or more are recorded; best and worst hour of every measure."""
    found = time_of_day(of.lake, of.window)
    tables = {"time_of_day": found}
    if not found.num_rows:
        return empty(_TITLE, found, **tables)
    series = _series(found)
    depths: dict[str, list[_Rows]] = {}
    for rows in series:
        if rows[0]["measure"] == "depth":
            depths.setdefault(rows[0]["underlying"], []).append(rows)
    charts = tuple(chart for asset, markets in list(depths.items())[:ASSETS] if (chart := _chart(of, asset, markets)) is not None)
    extremes = pa.Table.from_pylist([_extremes(rows) for rows in series], _SCHEMA)
    lead = "\n".join(_words(rows) for rows in series if rows[0]["measure"] == "depth" and rows[0]["best_over_worst"] is not None)
    return Section(_TITLE, lead, charts, (grid("Best and worst hour", extremes, _COLUMNS, most=24),), notes_of(found), tables=tables)


def _series(found: pa.Table) -> list[_Rows]:
    """Rows of one market, measure and kind of day, in hour order."""
    made: dict[tuple[object, ...], _Rows] = {}
    for row in found.to_pylist():
        made.setdefault(tuple(row[name] for name in ("underlying", "measure", "venue", "market", "weekend")), []).append(row)
    return list(made.values())


def _value(row: dict[str, Any]) -> float:
    """The one of its three medians that a row has."""
    return float(next(row[name] for name in ("depth_usd_p50", "spread_bps_p50", "cost_bps_p50") if row[name] is not None))


def _best_and_worst(rows: _Rows) -> tuple[dict[str, Any], dict[str, Any]]:
    """Deepest and thinnest hour; the other way round for what costs."""
    low, high = min(rows, key=_value), max(rows, key=_value)
    return (high, low) if rows[0]["measure"] == "depth" else (low, high)


def _told(row: dict[str, Any]) -> str:
    return f"{usd(_value(row))} USD" if row["measure"] == "depth" else f"{_value(row):.3g} bps"


def _extremes(rows: _Rows) -> dict[str, object]:
    """One line of the grid; without best and worst where too few hours are recorded to have any."""
    first = rows[0]
    band = f" within {first['band_bps']:g} bps" if first["band_bps"] is not None else ""
    made = {name: first[name] for name in ("underlying", "venue", "market", "best_over_worst", "note")}
    made |= {"measure": f"{first['measure']}{band}", "days_of": "weekend" if first["weekend"] else "weekdays"}
    made |= {"hours": len(rows), "n": sum(row["n"] for row in rows)}
    if len(rows) >= HOURS_FOR_A_CONTRAST:
        best, worst = _best_and_worst(rows)
        made |= {"best_hour": f"{best['hour_utc']:02}", "best": _told(best), "worst_hour": f"{worst['hour_utc']:02}", "worst": _told(worst)}
    if first["best_over_worst_low"] is not None:
        made["interval"] = f"{first['best_over_worst_low']:.3g} to {first['best_over_worst_high']:.3g}"
    return made


def _words(rows: _Rows) -> str:
    best, worst = _best_and_worst(rows)
    first = rows[0]
    days = f"weekdays, {first['days']} day{'s' if first['days'] > 1 else ''}"
    return (
        f"{first['underlying']} on {first['venue']} {first['market']}: deepest in the hour from {best['hour_utc']:02}:00 UTC "
        f"({_told(best)} within {first['band_bps']:g} bps, both sides), thinnest from {worst['hour_utc']:02}:00 ({_told(worst)}); {days}."
    )


def _chart(of: Subject, asset: str, markets: list[_Rows]) -> Chart | None:
    """The markets with most snapshots; weekends dashed with hollow markers."""
    enough = sorted((rows for rows in markets if len(rows) >= HOURS_FOR_A_CONTRAST), key=lambda rows: -sum(row["n"] for row in rows))
    names = list(dict.fromkeys((rows[0]["venue"], rows[0]["market"]) for rows in enough))[:_VENUES]
    drawn = [rows for rows in enough if (rows[0]["venue"], rows[0]["market"]) in names]
    if not drawn:
        return None
    made, (axes,) = figure(1)
    for rows in drawn:
        style, weekend = look(names.index((rows[0]["venue"], rows[0]["market"]))), rows[0]["weekend"]
        values = {row["hour_utc"]: row["depth_usd_p50"] for row in rows}
        hours = list(range(24))
        axes.plot(
            hours,
            [values.get(hour, float("nan")) for hour in hours],
            color=style.colour,
            linestyle="--" if weekend else "-",
            marker=style.marker,
            markersize=4.5,
            markerfacecolor="white" if weekend else style.colour,
            linewidth=1.4,
            label=f"{rows[0]['venue']} {rows[0]['market']}, {rows[0]['band_bps']:g} bps, {'weekend' if weekend else 'weekdays'}",
        )
    axes.set_xlim(-0.5, 23.5)
    axes.set_xticks(range(0, 24, 3))
    axes.set_xlabel("hour of the day, UTC")
    usd_axis(axes, "median USD, both sides")
    axes.set_ylim(bottom=0)
    legend(axes, 1)
    qualities = " and ".join(sorted({rows[0]["quality"] for rows in drawn}))
    n = sum(row["n"] for rows in drawn for row in rows)
    return Chart(f"hours_{asset}", made, f"{asset}: median depth by hour, {n:,} usable snapshots, {qualities}, {of.window.words}")
