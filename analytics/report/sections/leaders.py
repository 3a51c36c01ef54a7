"""Which venue's price moved first? (M16)"""

from typing import Any

from analytics.answers.annotated import notes_of
from analytics.answers.lead_lag_table import lead_lag, lead_lag_curves
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, empty, grid
from analytics.report.style import FAINT, figure, legend, look

_TITLE = "Who moved first"
_COLUMNS = {
    "underlying": "asset",
    "first": "first",
    "second": "second",
    "lag_s": "first leads by, s",
    "lag_low_s": "from",
    "lag_high_s": "to",
    "ratio": "lead-lag ratio",
    "correlation": "correlation",
    "lag_receive_s": "by receive clock, s",
    "n": "n",
    "resolution": "stamped in",
    "quality": "quality",
    "note": "note",
}
_PAIRS = 3


def section(of: Subject) -> Section:
    """Every pair in the grid; the correlation over the lags of the first asset's pairs as curves."""
    found = lead_lag(of.lake, of.window)
    tables = {"lead_lag": found}
    if not found.num_rows:
        return empty(_TITLE, found, **tables)
    rows = found.to_pylist()
    known = list(dict.fromkeys(row["underlying"] for row in rows if row["lag_s"] is not None))
    asset = next((name for name in (*of.assets, *known) if name in known), None)
    charts = (_chart(of, asset),) if asset else ()
    pairs = grid("Lead of the first market over the second", found, _COLUMNS)
    return Section(_TITLE, _lead(rows), charts, (pairs,), notes_of(found), tables=tables)


def _lead(rows: list[dict[str, Any]]) -> str:
    """The pairs whose interval leaves out 0, in words."""
    clear = [row for row in rows if row["lag_low_s"] is not None and row["lag_low_s"] * row["lag_high_s"] > 0]
    if not clear:
        return f"In none of {len(rows)} pairs of markets is one known to have led."
    told = [
        f"{row['underlying']}: {row['first' if row['lag_s'] > 0 else 'second']} led "
        f"{row['second' if row['lag_s'] > 0 else 'first']} by {abs(row['lag_s']):.1f} s"
        for row in clear
    ]
    return "; ".join(told) + f"; in {len(rows) - len(clear)} other pairs neither is known to have led."


def _chart(of: Subject, asset: str) -> Chart:
    made, (axes,) = figure(1)
    curves: dict[str, list[dict[str, Any]]] = {}
    for row in lead_lag_curves(of.lake, of.window, asset).to_pylist():
        curves.setdefault(f"{row['first']} – {row['second']}", []).append(row)
    for place, (name, rows) in enumerate(list(curves.items())[:_PAIRS]):
        style, lags, values = look(place), [row["lag_s"] for row in rows], [row["correlation"] for row in rows]
        axes.plot(lags, values, color=style.colour, linestyle=style.dash, linewidth=1.3, label=name)
        peak = max(range(len(rows)), key=lambda i: abs(values[i]))
        axes.plot([lags[peak]], [values[peak]], color=style.colour, marker=style.marker, markersize=6, linestyle="none")
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_xlabel("lag in s; right of 0 the first named leads")
    axes.set_ylabel("correlation at the lag")
    legend(axes, 1)
    drawn = [rows[0] for rows in list(curves.values())[:_PAIRS]]
    n = ", ".join(f"{row['n']:,}" for row in drawn)
    quality = "/".join(sorted({row["quality"] for row in drawn}))
    return Chart(
        f"leaders_{asset}", made, f"{asset}: trades by exchange clocks, marker at the extreme, n {n}, {quality}, {of.window.words}"
    )
