"""In which waves it came, and how far the move was amplified (M7, M8, M9)."""

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.episode_table import episodes
from analytics.answers.wave_table import waves
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, grid
from analytics.report.style import LONG, SHORT, SHORT_HATCH, figure, usd, usd_axis

_TITLE = "Episodes and waves"
_EPISODES = {
    "start": "start",
    "stop": "end",
    "underlying": "asset",
    "side": "victims",
    "total_usd": "total USD",
    "peak_minute": "peak minute",
    "peak_share": "peak share",
    "long_share": "long share",
    "price_move": "price move",
    "open_interest_flush": "OI flush",
    "quality": "quality",
}
_WAVES = {
    "underlying": "asset",
    "side": "victims",
    "wave": "wave",
    "start": "from",
    "extreme_usd": "extreme USD",
    "n": "n",
    "notional_usd": "USD",
    "share": "share",
    "amplification_observed": "A_obs",
    "price_source": "price from",
}
_SERIES, _MOST = 3, 14


def section(of: Subject) -> Section:
    """Episodes as a table, waves of the largest series as charts."""
    found, broken = episodes(of.lake, of.window, rules=of.rules), waves(of.lake, of.window)
    tables = {"episodes": found, "waves": broken}
    if not of.headline.num_rows:
        return Section(_TITLE, reason=reason_of(of.headline), tables=tables)
    grids = [grid("Episodes, largest first", found, _EPISODES)] if found.num_rows else []
    notes = [*([f"no episode: {reason_of(found)}"] if not found.num_rows else []), *notes_of(found), *notes_of(broken)]
    if not broken.num_rows:
        return Section(_TITLE, reason=f"no waves: {reason_of(broken)}", grids=tuple(grids), notes=tuple(notes), tables=tables)
    series: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in broken.to_pylist():
        if row["wave"] is not None:
            series.setdefault((row["underlying"], row["side"]), []).append(row)
    charts = tuple(_chart(of, asset, side, rows) for (asset, side), rows in list(series.items())[:_SERIES] if len(rows) > 1)
    return Section(_TITLE, "", charts, (*grids, grid("Waves", broken, _WAVES, most=20)), tuple(notes), tables=tables)


def _chart(of: Subject, asset: str, side: str, rows: list[dict[str, object]]) -> Chart:
    made, (axes,) = figure(1)
    largest = sorted(sorted(rows, key=lambda row: -float(str(row["notional_usd"])))[:_MOST], key=lambda row: int(str(row["wave"])))
    heights = [float(str(row["notional_usd"])) for row in largest]
    names = [str(row["wave"]) for row in largest]
    hatch = "" if side == "long" else SHORT_HATCH
    bars = axes.bar(
        names, heights, color=LONG if side == "long" else SHORT, hatch=hatch, edgecolor="#5a3510" if hatch else "none", linewidth=0.3
    )
    axes.bar_label(bars, [usd(height) for height in heights], fontsize=8, padding=2)
    axes.set_xlabel(f"wave of {asset} {side}s, in time order")
    usd_axis(axes, "USD liquidated")
    axes.margins(y=0.12)
    which = "" if len(rows) <= _MOST else f" (the {_MOST} largest of {len(rows)})"
    n = sum(int(str(row["n"])) for row in rows)
    caption = f"{asset} {side}s: waves{which}, {n} events, {rows[0]['quality']}, price from {rows[0]['price_source']}, {of.window.words}"
    return Chart(f"waves_{asset}_{side}", made, caption)
