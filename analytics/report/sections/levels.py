"""The liquidation map with its clusters and the level the price reached, and whether it foresaw what was liquidated (M2 to M6)."""

from collections.abc import Mapping
from datetime import UTC

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes

from analytics.answers.activation_table import NOT_REACHED, activation, activation_effect
from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.identity import MarketKey
from analytics.answers.liquidation_map import MapAnswer, liquidation_map
from analytics.answers.map_skill import map_skill
from analytics.answers.map_table import Volatility, asymmetry_table, clusters_table, find_clusters, map_notes, volatility_before
from analytics.models.activation import Label
from analytics.models.clusters import Cluster
from analytics.models.liquidation_map import LiquidationMap
from analytics.report.scope import Subject
from analytics.report.section import Chart, Grid, Section, grid
from analytics.report.style import FAINT, INK, LONG, figure, hatched, legend, usd_axis

_TITLE = "The liquidation map and what it foresaw"
_CLUSTERS = {
    "side": "victims",
    "low_usd": "from USD",
    "high_usd": "to USD",
    "notional_usd": "notional USD",
    "distance": "distance",
    "distance_sigmas": "in 24 h sigmas",
    "touch_probability": "touch in 24 h",
}
_SKILL = {
    "chain_id": "chain",
    "venue": "venue",
    "market": "market",
    "side": "victims",
    "mark_usd": "mark USD",
    "extreme_usd": "reached USD",
    "predicted_usd": "predicted USD",
    "predicted_together_usd": "all markets together",
    "realised_usd": "liquidated USD",
    "baseline_usd": "baseline USD",
    "day_before_usd": "map of the day before",
    "log_error": "ln(predicted / liquidated)",
    "realised_n": "n",
}
_ACTIVATION = {
    "chain_id": "chain",
    "venue": "venue",
    "market": "market",
    "side": "victims",
    "level_usd": "level USD",
    "mapped_usd": "mapped USD",
    "crossed_at": "crossed",
    "label": "then",
    "onward_sigmas": "onward, sigmas",
    "crossed_back": "came back",
    "realised_usd": "liquidated USD",
    "realised_share": "of mapped",
    "n": "n",
}
_EFFECT = {
    "chain_id": "chain",
    "venue": "venue",
    "market": "market",
    "effect": "sigmas per ln USD",
    "p_value": "p",
    "least_detectable": "least detectable",
    "crossings": "crossings",
    "snapshots": "snapshots",
    "permutations": "permutations",
    "note": "note",
}
_MOST_BARS, _BANDS = 80, 4


def section(of: Subject) -> Section:
    """A map per market from the last snapshot before the first liquidation, and predicted beside realised."""
    skill, levels, effect = (ask(of.lake, of.window) for ask in (map_skill, activation, activation_effect))
    tables = {"map_skill": skill, "activation": levels, "activation_effect": effect}
    if not skill.num_rows:
        return Section(_TITLE, reason=reason_of(skill), tables=tables)
    charts: list[Chart] = []
    grids = [grid("Predicted between mark and extreme, and then liquidated", skill, _SKILL)]
    notes = list(notes_of(skill))
    rows = skill.to_pylist()
    names = of.labels.of_markets(list(dict.fromkeys(MarketKey.of(row) for row in rows)))
    for market, name in names.items():
        mine = [row for row in rows if MarketKey.of(row) == market]
        answer = liquidation_map(of.lake, market.market, mine[0]["snapshot"].replace(tzinfo=UTC), market.venue, chain_id=market.chain_id)
        if answer.map is None or answer.taken_at is None:
            continue
        volatility = volatility_before(of.lake, answer.underlying, answer.taken_at, market)
        charts.append(_chart(name, answer, volatility, [row["extreme_usd"] for row in mine]))
        if volatility is not None:
            grids += _grids(name, answer, volatility)
        notes += [f"{name}: {note}" for note in map_notes(answer)]
    lead = "\n".join(line for line in (_lead(rows), _levels_lead(levels)) if line)
    reached = levels.filter(pc.not_equal(levels["label"], NOT_REACHED))
    for title, table, columns in (
        ("Levels the price crossed", reached, _ACTIVATION),
        ("Does exposure push the price on? Against a shuffled map", effect, _EFFECT),
    ):
        if table.num_rows:
            grids.append(grid(title, table, columns, most=20))
            notes += notes_of(table)
    return Section(_TITLE, lead, (_comparison(rows, names), *charts), tuple(grids), tuple(notes), tables=tables)


def _levels_lead(levels: pa.Table) -> str:
    labels = levels["label"].to_pylist()
    if not labels:
        return ""
    counts = ", ".join(f"{labels.count(label)} {label}" for label in (*Label, NOT_REACHED) if label in labels)
    return f"Of {len(labels)} clusters of the map: {counts}."


def _grids(market: str, answer: MapAnswer, volatility: Volatility) -> list[Grid]:
    found = clusters_table(answer, volatility)
    made = [grid(f"{market}: clusters, nearest first", found, _CLUSTERS, most=12)] if found.num_rows else []
    ratios = asymmetry_table(answer)
    return [
        *made,
        grid(
            f"{market}: shorts within +w over longs within -w",
            ratios,
            {"within_share": "w", "ratio": "ratio", "log_ratio": "ln ratio", "n": "n"},
        ),
    ]


def _lead(rows: list[dict[str, object]]) -> str:
    columns = ("predicted_usd", "predicted_together_usd", "realised_usd")
    alone, together, realised = (sum(float(str(row[name])) for row in rows) for name in columns)
    return (
        f"Between the mark and the extremes then reached the map held {alone:,.0f} USD "
        f"({together:,.0f} USD with all markets moving together); {realised:,.0f} USD were then liquidated."
    )


def _comparison(rows: list[dict[str, object]], names: Mapping[MarketKey, str]) -> Chart:
    made, (axes,) = figure(1)
    place = np.arange(len(rows))
    for shift, column, drawn in (
        (-0.27, "predicted_usd", {"color": LONG, "label": "map, all else still"}),
        (0.0, "predicted_together_usd", {"color": FAINT, "label": "map, all markets together"}),
        (0.27, "realised_usd", hatched("then liquidated")),
    ):
        axes.bar(place + shift, [float(str(row[column])) for row in rows], 0.25, **drawn)
    axes.set_xticks(place, [f"{names[MarketKey.of(row)]} {row['side']}s" for row in rows])
    usd_axis(axes, "USD")
    legend(axes)
    return Chart("map_skill", made, f"Map skill: {len(rows)} market sides, exact, snapshot of {rows[0]['snapshot']} UTC")


def _chart(market: str, answer: MapAnswer, volatility: Volatility | None, extremes: list[float]) -> Chart:
    made_map = answer.map
    assert made_map is not None  # the caller left maps without positions out
    made, (axes,) = figure(1, height=1.15)
    joined = _joined(made_map)
    _bars(axes, made_map, joined)
    curves = axes.twinx()
    curves.grid(visible=False)
    curves.spines["right"].set_visible(True)
    longs, shorts = made_map.long_outward(), made_map.short_outward()
    zero = made_map.zero
    curves.plot(made_map.edges[: zero + 1], np.append(longs[:zero], 0.0), color=LONG, linewidth=1.4, label="longs, cumulative")
    curves.plot(
        made_map.edges[zero:], np.insert(shorts[zero:], 0, 0.0), color="#a35c14", linestyle="--", linewidth=1.4, label="shorts, cumulative"
    )
    usd_axis(curves, "cumulative USD from the mark")
    curves.set_ylim(bottom=0)
    for cluster in _shown_clusters(answer, volatility):
        axes.axvspan(cluster.low, cluster.high, color="#dcdcdc", zorder=0)
    axes.axvline(made_map.mark, color=INK, linewidth=1.4, label="mark at the snapshot")
    for i, extreme in enumerate(sorted({round(price, 9) for price in extremes} - {round(made_map.mark, 9)})):
        axes.axvline(extreme, color="#b0003a", linestyle=":", linewidth=1.8, label="level reached" if i == 0 else None)
    filled = np.flatnonzero((made_map.longs > 0) | (made_map.shorts > 0))
    if len(filled):
        axes.set_xlim(min(made_map.edges[filled[0]], *extremes) * 0.99, max(made_map.edges[filled[-1] + 1], *extremes) * 1.01)
    axes.set_xlabel(f"liquidation price of {market}, USD")
    usd_axis(axes, f"USD per {joined * made_map.bin_bps:g} bps")
    handles, labels = (a + b for a, b in zip(axes.get_legend_handles_labels(), curves.get_legend_handles_labels(), strict=True))
    axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2)
    caption = f"{market}: map of {made_map.positions} positions, {made_map.scope.window}, {made_map.scope.quality}; grey: largest clusters"
    return Chart(f"map_{market}", made, caption)


def _bars(axes: Axes, of: LiquidationMap, joined: int) -> None:
    """Bins joined to what a phone can show."""
    edges = of.edges[::joined]
    count = len(edges) - 1
    for amounts, drawn in (
        (of.longs, {"color": LONG, "edgecolor": LONG, "linewidth": 0.5, "label": "longs"}),
        (of.shorts, hatched("shorts")),
    ):
        wide = amounts[: count * joined].reshape(count, joined).sum(axis=1)
        filled = wide > 0
        axes.bar(edges[:-1][filled], wide[filled], np.diff(edges)[filled], align="edge", **drawn)


def _joined(of: LiquidationMap) -> int:
    """How many bins make a bar, for at most so many bars between the outermost positions."""
    filled = np.flatnonzero((of.longs > 0) | (of.shorts > 0))
    span = int(filled[-1] - filled[0]) + 1 if len(filled) else 1
    return max(1, -(-span // _MOST_BARS))


def _shown_clusters(answer: MapAnswer, volatility: Volatility | None) -> list[Cluster]:
    """The largest of each side: a band for every lone position would colour the whole chart."""
    if volatility is None:
        return []
    sides = (sorted(find_clusters(answer, side, volatility), key=lambda one: -one.notional)[:_BANDS] for side in (1, -1))
    return [cluster for side in sides for cluster in side]
