"""Depth and slippage by venue, and what it costs that the venues are apart (M13, M14)."""

from collections import Counter

import pyarrow as pa

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.concentration_table import concentration
from analytics.answers.depth_table import depth, depth_path, reached_band
from analytics.answers.fragmentation_table import fragmentation, slippage
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, grid
from analytics.report.style import LONG, bucket_seconds, figure, hatched, legend, look, time_axis, usd, usd_axis

_DEPTH = {
    "underlying": "asset",
    "venue": "venue",
    "market": "market",
    "side": "side",
    "band_bps": "band bps",
    "depth_usd_p50": "median USD",
    "depth_usd_min": "thinnest USD",
    "thinnest_at": "thinnest at",
    "n": "n",
}
_SLIPPAGE = {
    "underlying": "asset",
    "venue": "venue",
    "side": "side",
    "size_usd": "size USD",
    "slippage_bps_p50": "median bps",
    "slippage_bps_max": "worst bps",
    "filled_share": "filled",
    "n": "n",
}
_CONCENTRATION = {
    "underlying": "asset",
    "measure": "of",
    "venues": "venues",
    "hhi": "HHI",
    "effective_venues": "effective venues",
    "top_3_share": "top 3 share",
    "total_usd": "total USD",
    "mismatch": "flow against depth, chi-square",
    "n": "n",
    "quality": "quality",
    "note": "note",
}
_COST = {
    "underlying": "asset",
    "venues": "venues",
    "side": "side",
    "size_usd": "size USD",
    "cost_bps_p50": "cost bps",
    "cost_after_latency_bps_p50": "after latency",
    "split_bps_p50": "split bps",
    "pooled_bps_p50": "pooled bps",
    "filled_share": "filled",
    "n": "n",
}


def depth_section(of: Subject) -> Section:
    """Depth over time within the band nearest 100 bps, and slippage against size."""
    found, slip = depth(of.lake, of.window), slippage(of.lake, of.window)
    tables = {"depth": found, "slippage": slip}
    if not found.num_rows and not slip.num_rows:
        return Section("Depth and slippage by venue", reason=reason_of(found), notes=notes_of(found), tables=tables)
    charts, grids = [], []
    if found.num_rows:
        charts = [_depth_chart(of, found, asset) for asset in dict.fromkeys(found["underlying"].to_pylist())]
        grids.append(grid("Depth from the mid", found, _DEPTH, most=24))
    if slip.num_rows:
        charts += [_slippage_chart(of, slip, asset) for asset in dict.fromkeys(slip["underlying"].to_pylist())]
        grids.append(grid("Slippage of market orders", slip, _SLIPPAGE, most=24))
    return Section("Depth and slippage by venue", "", tuple(charts), tuple(grids), (*notes_of(found), *notes_of(slip)), tables=tables)


def cost_section(of: Subject) -> Section:
    """Split against pooled, per size; and how concentrated liquidations, depth, volume and open interest are over venues."""
    found, spread = fragmentation(of.lake, of.window), concentration(of.lake, of.window)
    title, tables = "What fragmentation costs", {"fragmentation": found, "concentration": spread}
    if not found.num_rows and not spread.num_rows:
        return Section(title, reason=reason_of(found), notes=notes_of(found), tables=tables)
    charts = tuple(_cost_chart(of, found, asset) for asset in dict.fromkeys(found["underlying"].to_pylist()))
    grids = [grid("Split over venues against one pooled book", found, _COST)] if found.num_rows else []
    if spread.num_rows:
        grids.append(grid("Concentration over venues", spread, _CONCENTRATION, most=24))
    lead = "" if found.num_rows else f"No fragmentation cost: {reason_of(found)}."
    return Section(title, lead, charts, tuple(grids), (*notes_of(found), *notes_of(spread)), tables=tables)


def _depth_chart(of: Subject, found: pa.Table, asset: str) -> Chart:
    counts: Counter[float] = Counter()
    for row in found.to_pylist():
        if row["underlying"] == asset:
            counts[row["band_bps"]] += row["n"]
    band = reached_band(counts)
    rows = depth_path(of.lake, of.window, asset, band, bucket_seconds(of.window, 300)).to_pylist()
    made, (axes,) = figure(1)
    markets = list(dict.fromkeys((row["venue"], row["market"]) for row in rows))
    for place, (venue, market) in enumerate(markets):
        style = look(place)
        for side, dash in (("bid", "-"), ("ask", "--")):
            points = [
                (row["moment"], row["depth_usd"]) for row in rows if (row["venue"], row["market"], row["side"]) == (venue, market, side)
            ]
            if points:
                colour = style.colour if side == "bid" else "#c8641b"
                axes.plot(*zip(*points, strict=True), color=colour, linestyle=dash, linewidth=1.3, label=f"{venue} {side}s")
    usd_axis(axes, f"USD within {band:g} bps of the mid")
    axes.set_ylim(bottom=0)
    legend(axes)
    time_axis(axes)
    return Chart(
        f"depth_{asset}",
        made,
        f"{asset}: depth within {band:g} bps, {sum(row['n'] for row in rows):,} usable values, exact, {of.window.words}",
    )


def _slippage_chart(of: Subject, slip: pa.Table, asset: str) -> Chart:
    made, (axes,) = figure(1)
    rows = [row for row in slip.to_pylist() if row["underlying"] == asset and row["slippage_bps_p50"] is not None]
    for place, (venue, market) in enumerate(dict.fromkeys((row["venue"], row["market"]) for row in rows)):
        style = look(place)
        for side, dash in (("sell", "-"), ("buy", "--")):
            points = [
                (row["size_usd"], row["slippage_bps_p50"])
                for row in rows
                if (row["venue"], row["market"], row["side"]) == (venue, market, side)
            ]
            if points:
                axes.plot(*zip(*points, strict=True), color=style.colour, linestyle=dash, marker=style.marker, label=f"{venue} {side}")
    axes.set_xscale("log")
    usd_axis(axes, "order size, USD", which="x")
    axes.set_ylabel("median slippage, bps")
    legend(axes)
    return Chart(
        f"slippage_{asset}",
        made,
        f"{asset}: market orders walked through {sum(row['n'] for row in rows) // 6:,} books, exact, {of.window.words}",
    )


def _cost_chart(of: Subject, found: pa.Table, asset: str) -> Chart:
    made, (axes,) = figure(1)
    rows = [row for row in found.to_pylist() if row["underlying"] == asset and row["cost_bps_p50"] is not None]
    place = list(range(len(rows)))
    axes.bar([i - 0.2 for i in place], [row["split_bps_p50"] for row in rows], 0.38, color=LONG, label="split over venues")
    pooled = [row["pooled_bps_p50"] for row in rows]
    axes.bar([i + 0.2 for i in place], pooled, 0.38, **hatched("pooled book"))
    axes.set_xticks(place, [f"{row['side']}\n{usd(row['size_usd'])}" for row in rows])
    axes.set_ylabel("median slippage, bps")
    legend(axes)
    return Chart(
        f"fragmentation_{asset}", made, f"{asset}: {rows[0]['n'] if rows else 0} moments with two venues or more, exact, {of.window.words}"
    )
