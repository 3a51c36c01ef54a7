"""Cumulative liquidations by venue."""

from itertools import accumulate
from typing import Any

from analytics.answers.annotated import reason_of
from analytics.marts import mart
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, grid
from analytics.report.style import bucket_seconds, figure, legend, look, time_axis, usd_axis

_TITLE = "Cumulative liquidations by venue"
_COLUMNS = {"underlying": "asset", "chain_id": "chain", "venue": "venue", "quality": "quality", "n": "events", "usd": "USD"}
_ROWS = 24


def section(of: Subject) -> Section:
    """One line per venue, quality and side: longs with a full line, shorts dashed; nothing is added over qualities."""
    if not of.headline.num_rows:
        return Section(_TITLE, reason=reason_of(of.headline))
    bucket = bucket_seconds(of.window, 400)
    parameters = {"since": of.window.lake_since, "until": of.window.lake_until, "underlying": None}
    rows = of.lake.execute(mart("cumulative"), parameters | {"bucket_s": bucket}).to_arrow_table().to_pylist()
    if not rows:
        return Section(_TITLE, reason="no liquidation of a trader has a value in USD")
    series: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        series.setdefault((of.labels.of_row(row), row["quality"], row["side"]), []).append(row)
    venues = list(dict.fromkeys(venue for venue, _, _ in series))
    made, (axes,) = figure(1)
    for (venue, quality, side), points in series.items():
        style = look(venues.index(venue))
        totals = list(accumulate(point["notional_usd"] for point in points))
        times = [of.window.lake_since, *(point["moment"] for point in points), of.window.lake_until]
        drawn: dict[str, Any] = {"color": style.colour, "linestyle": "-" if side == "long" else "--", "linewidth": 1.6}
        name = f"{venue} {side}s ({quality}) {totals[-1] / 1e6:,.2f}M"
        axes.step(times, [0.0, *totals, totals[-1]], where="post", marker=style.marker, markevery=[-1], label=name, **drawn)
    usd_axis(axes, "USD liquidated since the start")
    legend(axes, 1)
    time_axis(axes, of.window)
    caption = f"Stage trader, {sum(row['n'] for row in rows):,} events, {of.quality}, {of.window.words}"
    table = of.lake.execute(mart("venue_liquidations"), parameters).to_arrow_table()
    grids = (grid("Asset by asset", table, _COLUMNS, most=_ROWS),) if len(venues) > 1 else ()
    return Section(_TITLE, "", (Chart("cumulative", made, caption),), grids, tables={"venue_liquidations": table})
