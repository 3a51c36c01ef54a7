"""Do assets fall together, beyond what calm times and volatility alone explain? (M27)"""

from typing import Any

from analytics.answers.annotated import notes_of
from analytics.answers.correlation_table import correlations
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, empty, grid
from analytics.report.style import FAINT, INK, LONG, figure, hatched, legend

_TITLE = "Do assets fall together"
_COLUMNS = {
    "first": "first",
    "second": "second",
    "calm": "calm",
    "stressed": "stressed",
    "corrected": "corrected",
    "variance_rise": "variance rise",
    "ewma": "EWMA",
    "tail": "tail",
    "lift": "co-liquidation lift",
    "bar_s": "bar, s",
    "n_stress": "n stressed",
    "n_calm": "n calm",
    "n_minutes": "minutes",
    "quality": "quality",
    "note": "note",
}
_PAIRS = 6


def section(of: Subject) -> Section:
    """Every pair in the grid; calm, stressed and corrected correlation of the first six as bars."""
    found = correlations(of.lake, of.window)
    tables = {"correlations": found}
    if not found.num_rows:
        return empty(_TITLE, found, **tables)
    rows = found.to_pylist()
    known = [row for row in rows if row["stressed"] is not None]
    charts = (_chart(of, known[:_PAIRS]),) if known else ()
    pairs = grid("Correlation of returns, and liquidations in the same minutes", found, _COLUMNS)
    return Section(_TITLE, _lead(rows, known), charts, (pairs,), notes_of(found), tables=tables)


def _lead(rows: list[dict[str, Any]], known: list[dict[str, Any]]) -> str:
    lines = []
    if known:
        higher = sum(row["corrected"] > row["calm"] for row in known)
        lines.append(
            f"{sum(row['stressed'] > row['calm'] for row in known)} of {len(known)} pairs moved together more closely than in calm times, "
            f"{higher} once the rise of variance is taken out."
        )
    lifts = [row for row in rows if row["lift"] is not None]
    if lifts:
        most = max(lifts, key=lambda row: row["lift"])
        pair = f"{most['first']} and {most['second']}, {most['lift']:.2f} times as often as if independent"
        beyond = (
            "Liquidated in the same minute most beyond chance"
            if most["lift"] > 1
            else "No pair was liquidated in the same minute beyond chance"
        )
        lines.append(f"{beyond}: {pair}.")
    return "\n".join(lines)


def _chart(of: Subject, rows: list[dict[str, Any]]) -> Chart:
    made, (axes,) = figure(1)
    place = range(len(rows))
    axes.bar([i - 0.27 for i in place], [row["calm"] for row in rows], 0.25, color="white", edgecolor=INK, linewidth=1.0, label="calm")
    axes.bar([float(i) for i in place], [row["stressed"] for row in rows], 0.25, color=LONG, label="stressed")
    axes.bar([i + 0.27 for i in place], [row["corrected"] for row in rows], 0.25, **hatched("corrected for variance"))
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.set_xticks(list(place), [f"{row['first']}\n{row['second']}" for row in rows])
    axes.set_xlabel("pair of assets")
    axes.set_ylabel("correlation of returns")
    legend(axes, 3)
    stressed, calm = (
        "–".join(dict.fromkeys(f"{edge(row[name] for row in rows)}" for edge in (min, max))) for name in ("n_stress", "n_calm")
    )
    bars = ", ".join(f"{bar:g}" for bar in sorted({row["bar_s"] for row in rows}))
    quality = "/".join(sorted({part for row in rows for part in row["quality"].split("/")}))
    caption = f"Returns of {bars} s bars: {stressed} stressed in {of.window.words}, {calm} calm of up to 30 days before; {quality}"
    return Chart("together", made, caption)
