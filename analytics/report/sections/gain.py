"""Could the liquidations carry themselves, and how far did they? Gain curves, waves from the map and depth, amplification (M5, M8, M9)."""

import numpy as np
import pyarrow as pa

from analytics.answers.amplification_table import amplification
from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.gain_table import Gain, gain_table, gains
from analytics.answers.liquidation_map import MapAnswer
from analytics.answers.map_skill import snapshot_for
from analytics.answers.mapped_market import mapped_markets
from analytics.answers.structure_table import structure
from analytics.models.arrays import Floats
from analytics.report.scope import ASSETS, Subject
from analytics.report.section import Chart, Grid, Section, grid
from analytics.report.style import INK, figure, legend, look, usd_axis

_TITLE = "Could it carry itself, and how far did it?"
_GAIN = {
    "side": "victims",
    "depth_source": "depth of",
    "gain_peak": "peak gain",
    "gain_peak_usd": "at USD",
    "self_sustaining": "gain of 1 or more, USD",
    "potential_2pct_usd": "adds within 2 %, USD",
    "potential_5pct_usd": "5 %",
    "potential_10pct_usd": "10 %",
    "potential_25pct_usd": "25 %",
    "n": "n",
}
_STRUCTURE = {
    "chain_id": "chain",
    "venue": "venue",
    "market": "market",
    "side": "victims",
    "wave": "wave",
    "reached_usd": "reaches USD",
    "n": "n",
    "notional_usd": "USD",
    "exogenous_move": "outside move",
    "final_move": "final move",
    "amplification_gain": "A_gain",
    "overlap": "overlap with observed",
    "depth_source": "depth of",
}
_AMPLIFICATION = {
    "underlying": "asset",
    "side": "victims",
    "amplification_gain": "A_gain",
    "amplification_observed": "A_obs",
    "amplification_hawkes": "A_hawkes",
    "spread_ratio": "largest / smallest",
    "branching_ratio": "branching n",
    "branching_low": "from",
    "branching_high": "to",
    "poisson_null_p": "null p",
    "residual_ks_p": "residual p",
    "events": "events",
    "n": "liquidations",
    "quality": "quality",
    "note": "unknown because",
}
_BARS = 60
_CHANCE, _NOTHING = 0.05, 0.05


def section(of: Subject) -> Section:
    """Amplification three ways; gain curves and structural waves where there is a map with depth."""
    grown, waves = amplification(of.lake, of.window), structure(of.lake, of.window)
    charts, grids, tables = _markets(of)
    tables |= {"structure": waves, "amplification": grown}
    if not grown.num_rows and not charts:
        return Section(_TITLE, reason=reason_of(grown), tables=tables)
    if grown.num_rows:
        grids = [grid("Amplification three ways", grown, _AMPLIFICATION), *grids]
    if waves.num_rows:
        grids.append(grid("Waves out of the map and the depth", waves, _STRUCTURE))
    notes = [*notes_of(grown), *(notes_of(waves) if waves.num_rows else [f"no gain curve, no waves out of the map: {reason_of(waves)}"])]
    return Section(_TITLE, _lead(grown), tuple(charts), tuple(grids), tuple(notes), tables=tables)


def _lead(grown: pa.Table) -> str:
    lines = []
    for row in grown.to_pylist()[:ASSETS]:
        names = (("map and depth", "amplification_gain"), ("prices", "amplification_observed"), ("timing", "amplification_hawkes"))
        known = [f"{row[name]:.2f} by {words}" for words, name in names if row[name] is not None]
        if (row["poisson_null_p"] or 0.0) > _CHANCE and (row["branching_ratio"] or 0.0) > _NOTHING:
            known.append("though the timing is no more clustered than chance")
        told = f"the move amplified {', '.join(known)}" if known else "amplification unknown"
        lines.append(f"{row['underlying']} {row['side']}s: {told}.")
    return "\n".join(lines)


def _markets(of: Subject) -> tuple[list[Chart], list[Grid], dict[str, pa.Table]]:
    """A curve and a grid per market of the snapshot before the first liquidation."""
    snapshot = snapshot_for(of.lake, of.window)
    charts: list[Chart] = []
    grids: list[Grid] = []
    tables: dict[str, pa.Table] = {}
    if snapshot is None:
        return charts, grids, tables
    markets = mapped_markets(of.lake, snapshot.at)
    names = of.labels.of_markets([market.key for market in markets])
    for market in markets:
        name, answer = names[market.key], market.map_at(of.lake, snapshot.at)
        curves = gains(of.lake, market.key.market, answer, market.key.venue, chain_id=market.key.chain_id)
        if not curves:
            continue
        tables[f"gain_{name}"] = table = gain_table(of.lake, name, answer, curves)
        grids.append(grid(f"{name}: gain against each source of depth", table, _GAIN))
        charts.append(_chart(name, answer, [one for one in curves if one.source == curves[0].source]))
    return charts, grids, tables


def _chart(market: str, answer: MapAnswer, sides: list[Gain]) -> Chart:
    assert answer.map is not None  # a gain was found on it
    mark = answer.map.mark
    made, (top, bottom) = figure(2, height=1.35)
    for place, one in enumerate(sorted(sides, key=lambda gain: -gain.side)):
        style, prices, values, adds = look(place), *_joined(mark, one)
        drawn = {
            "color": style.colour,
            "linestyle": style.dash,
            "linewidth": 1.4,
            "label": "falls: longs" if one.side == 1 else "rises: shorts",
        }
        top.step(prices[1:], values, where="pre", **drawn)  # type: ignore[arg-type]  # the stubs know no keyword dictionaries
        bottom.plot(prices, adds, **drawn)  # type: ignore[arg-type]  # the same
    top.axhline(1, color=INK, linewidth=1, linestyle=":")
    top.set_ylim(bottom=0)
    top.set_ylabel("gain (1: carries itself)")
    for axes in (top, bottom):
        axes.axvline(mark, color=INK, linewidth=1)
    usd_axis(bottom, "USD of price added")
    usd_axis(bottom, f"price of {market}, USD", which="x")
    legend(top)
    caption = (
        f"{market}: liquidatable over executable base per USD of price, and its integral from the mark (vertical line); "
        f"{answer.map.positions} positions, depth of {sides[0].source}, {sides[0].quality}, {answer.map.scope.window}"
    )
    return Chart(f"gain_{market}", made, caption)


def _joined(mark: float, one: Gain) -> tuple[Floats, Floats, Floats]:
    """(edges as prices, gain per joined cell, potential at the edges) as far as positions are mapped."""
    filled = np.flatnonzero(one.curve.rho > 0)
    last = int(filled[-1]) + 1 if len(filled) else 1
    places = np.unique(np.linspace(0, last, min(_BARS, last) + 1).astype(np.int64))
    width = np.diff(one.curve.edges)
    liquidatable, executable = (np.add.reduceat((density * width)[:last], places[:-1]) for density in (one.curve.rho, one.curve.depth))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(executable > 0, liquidatable / executable, np.nan)
    return mark - one.side * one.curve.edges[places], values, one.curve.potential()[places]
