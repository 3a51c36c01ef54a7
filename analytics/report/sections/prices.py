"""Price with the liquidations under it, and how low each venue went."""

from typing import Any

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.prices import price_path
from analytics.marts import mart
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, grid
from analytics.report.style import LONG, bucket_seconds, figure, hatched, legend, look, time_axis, usd_axis

_VENUES = 4
_LEAST = 0.05
"""A market with fewer points than this share of the busiest one's says nothing in the chart; it stands in the table."""
_EXTREMES = {
    "underlying": "asset",
    "chain_id": "chain",
    "venue": "venue",
    "market": "market",
    "source": "source",
    "first_usd": "first USD",
    "low_usd": "low USD",
    "low_time": "low at",
    "high_usd": "high USD",
    "high_time": "high at",
    "fall": "low vs first",
    "n": "n",
}


def section(of: Subject) -> Section:
    """A chart per asset; the extremes of every venue."""
    tables = {"price_extremes": of.prices}
    if not of.prices.num_rows:
        return Section("Price and liquidations", reason=reason_of(of.prices), tables=tables)
    charts = tuple(chart for asset in of.assets if (chart := _chart(of, asset)) is not None)
    charted = of.prices.filter([name in of.assets for name in of.prices["underlying"].to_pylist()])
    extremes = grid("Lowest and highest price by venue", charted, _EXTREMES, most=20)
    return Section("Price and liquidations", "", charts, (extremes,), notes_of(of.prices), tables=tables)


def _chart(of: Subject, asset: str) -> Chart | None:
    bucket = bucket_seconds(of.window)
    path = price_path(of.lake, of.window, asset, bucket).to_pylist()
    bars = _liquidated(of, asset, bucket)
    if not path:
        return None
    made, axes = figure(2, height=1.25, ratios=(2, 1)) if bars else figure(1)
    series: dict[str, list[dict[str, Any]]] = {}
    for row in path:
        series.setdefault(f"{of.labels.of_row(row)} {row['market']}, {row['source']}", []).append(row)
    counts = {name: sum(row["n"] for row in rows) for name, rows in series.items()}
    ranked = sorted(counts, key=lambda name: -counts[name])
    busiest = [name for name in ranked if len(series[name]) >= _LEAST * len(series[ranked[0]])][:_VENUES]
    for place, name in enumerate(busiest):
        style, rows = look(place), series[name]
        times, last = [row["moment"] for row in rows], [row["last_usd"] for row in rows]
        marker = style.marker if len(rows) < 3 else None
        axes[0].plot(times, last, color=style.colour, linestyle=style.dash, linewidth=1.5, marker=marker, label=name)
        lowest = min(rows, key=lambda row: row["low_usd"])
        axes[0].plot([lowest["moment"]], [lowest["low_usd"]], marker=style.marker, color=style.colour, markersize=6, linestyle="none")
    axes[0].set_ylabel(f"{asset}, USD")
    legend(axes[0], 1)
    if bars:
        _bars(axes[1], bars, bucket)
    time_axis(axes[-1], of.window)
    told = (
        f"; liquidated USD, {sum(row['n'] for row in bars):,} events, {of.quality}" if bars else f", {sum(counts.values()):,} observations"
    )
    caption = f"{asset}: price per {bucket:g} s, marker at each venue's low{told}; {of.window.words}"
    return Chart(f"price_{asset}", made, caption)


def _liquidated(of: Subject, asset: str, bucket: float) -> list[dict[str, Any]]:
    if not of.headline.num_rows:
        return []
    parameters = {"since": of.window.lake_since, "until": of.window.lake_until, "underlying": asset, "bucket_s": bucket}
    return list(of.lake.execute(mart("cumulative"), parameters).to_arrow_table().to_pylist())


def _bars(axes: Any, rows: list[dict[str, Any]], bucket: float) -> None:
    """Longs solid, shorts hatched on top of them."""
    width = bucket / 86400
    sides: dict[str, dict[Any, float]] = {"long": {}, "short": {}}
    for row in rows:
        sides[row["side"]][row["moment"]] = sides[row["side"]].get(row["moment"], 0.0) + row["notional_usd"]
    longs, shorts = sides["long"], sides["short"]
    axes.bar(list(longs), list(longs.values()), width, align="edge", color=LONG, label="longs liquidated")
    under = [longs.get(moment, 0.0) for moment in shorts]
    axes.bar(list(shorts), list(shorts.values()), width, bottom=under, align="edge", **hatched("shorts liquidated"))
    usd_axis(axes, "USD")
    legend(axes)
