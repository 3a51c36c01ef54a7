"""The liquidation map as tables: bins, clusters, asymmetry with coverage (M2, M3, M4)."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey
from analytics.answers.liquidation_map import MapAnswer
from analytics.answers.liquidation_map import liquidation_map as find_map
from analytics.answers.wave_table import Path, price_of
from analytics.answers.window import Window
from analytics.models.clusters import TOUCH, Cluster, find, tier_slope

HOURS = 24.0
_BINS = ("low_usd", "high_usd", "long_usd", "short_usd", "long_outward_usd", "short_outward_usd")
_CLUSTERS = pa.schema(
    [
        ("side", pa.string()),
        ("low_usd", pa.float64()),
        ("high_usd", pa.float64()),
        ("notional_usd", pa.float64()),
        ("peak_usd", pa.float64()),
        ("distance", pa.float64()),
        ("distance_sigmas", pa.float64()),
        ("touch_probability", pa.float64()),
        ("hours", pa.float64()),
    ]
)


class Volatility(NamedTuple):
    """Of ln price per square root of an hour, over how many steps, and whether the steps came after the moment it is used for."""

    sigma_hour: float
    steps: int
    later: bool


def liquidation_map(
    lake: duckdb.DuckDBPyConnection,
    market: str,
    at: datetime | None = None,
    venue: str | None = None,
    *,
    chain_id: int | None = None,
    all_markets: bool = False,
) -> pa.Table:
    """Non-empty bins of 10 bps: USD of longs and shorts liquidated in the bin, and from the mark out to its far edge.

    `all_markets`: when all markets move together, each by its beta, instead of this one alone."""
    return bins_table(find_map(lake, market, at, venue, chain_id=chain_id, all_markets=all_markets))


def clusters(
    lake: duckdb.DuckDBPyConnection, market: str, at: datetime | None = None, venue: str | None = None, *, chain_id: int | None = None
) -> pa.Table:
    """Clusters of the map, nearest first, with the distance in units of 24-hour volatility and the probability of a touch in 24 h."""
    answer = find_map(lake, market, at, venue, chain_id=chain_id)
    if answer.map is None or answer.taken_at is None:
        return annotated(pa.Table.from_pylist([], _CLUSTERS), reason=answer.reason)
    volatility = volatility_before(lake, answer.underlying, answer.taken_at)
    if volatility is None:
        return annotated(
            pa.Table.from_pylist([], _CLUSTERS), reason=f"the price of {market} never moved in the lake: no volatility, no distances"
        )
    return clusters_table(answer, volatility)


def asymmetry(
    lake: duckdb.DuckDBPyConnection, market: str, at: datetime | None = None, venue: str | None = None, *, chain_id: int | None = None
) -> pa.Table:
    """AR(w) = shorts within +w over longs within -w of the mark, per symmetric distance w (`within_share`)."""
    return asymmetry_table(find_map(lake, market, at, venue, chain_id=chain_id))


def bins_table(answer: MapAnswer) -> pa.Table:
    """Bins of an answered map."""
    made = answer.map
    if made is None:
        return annotated(pa.table({name: pa.array([], pa.float64()) for name in _BINS}), reason=answer.reason)
    filled = np.flatnonzero((made.longs > 0) | (made.shorts > 0))
    edges = made.edges
    columns = (edges[:-1], edges[1:], made.longs, made.shorts, made.long_outward(), made.short_outward())
    table = pa.table({name: column[filled] for name, column in zip(_BINS, columns, strict=True)})
    return annotated(table, reason="no liquidation price within half the mark of it", notes=map_notes(answer), **_scope(answer))


def clusters_table(answer: MapAnswer, volatility: Volatility) -> pa.Table:
    """Clusters of an answered map."""
    found = [one for side in (1, -1) for one in find_clusters(answer, side, volatility)]
    note = f"volatility {volatility.sigma_hour:.2%} per square root of an hour from {volatility.steps} steps"
    note += ", measured after the snapshot for want of steps before it" if volatility.later else " before the snapshot"
    rows = [
        {
            "side": "long" if one.side == 1 else "short",
            "low_usd": one.low,
            "high_usd": one.high,
            "notional_usd": one.notional,
            "peak_usd": one.peak,
            "distance": one.distance,
            "distance_sigmas": one.sigmas,
            "touch_probability": one.touch.value,
            "hours": HOURS,
        }
        for one in found
    ]
    notes = [note, f"touch probability: {TOUCH.formula}; {TOUCH.caveat}"]
    return annotated(pa.Table.from_pylist(rows, _CLUSTERS), reason="no bin stands out of the map", notes=notes, **_scope(answer))


def _scope(answer: MapAnswer) -> dict[str, Any]:
    made = answer.map
    return {"n": made.positions, "quality": made.scope.quality, "window": made.scope.window} if made else {}


def find_clusters(answer: MapAnswer, side: int, volatility: Volatility) -> tuple[Cluster, ...]:
    """Clusters of one side; none without a map."""
    return find(answer.map, side, volatility.sigma_hour, HOURS) if answer.map else ()


def asymmetry_table(answer: MapAnswer) -> pa.Table:
    """Asymmetry ratios of an answered map."""
    rows = [
        {
            "within_share": window,
            "ratio": ratio.value,
            "log_ratio": logarithm.value,
            "n": ratio.n,
            "quality": ratio.quality,
            "caveat": ratio.caveat,
        }
        for window, ratio, logarithm in answer.asymmetry
    ]
    schema = pa.schema(
        [
            ("within_share", pa.float64()),
            ("ratio", pa.float64()),
            ("log_ratio", pa.float64()),
            ("n", pa.int64()),
            ("quality", pa.string()),
            ("caveat", pa.string()),
        ]
    )
    return annotated(pa.Table.from_pylist(rows, schema), reason=answer.reason, **_scope(answer))


def map_notes(answer: MapAnswer) -> list[str]:
    """Snapshot, coverage, max pain and what is not on the map, in words."""
    if answer.map is None or answer.max_pain is None:
        return []
    made = answer.map
    blocks = ", ".join(f"{venue} block {block}" for venue, block in answer.blocks)
    covered = [
        f"{figure.value:.0%} of {side} open interest"
        for side, figure in zip(("long", "short"), answer.coverage, strict=False)
        if figure.value is not None
    ]
    left = made.excluded
    notes = [
        f"mark {made.mark:,.6g} USD, {made.scope.window}, {blocks}, {made.positions} positions mapped, {made.scope.quality}",
        f"coverage, makers left out: {' and '.join(covered) or 'unknown, no open interest in the lake'}",
        f"not mapped: {left.immediate:,.0f} USD liquidatable already, {left.unreachable:,.0f} USD out of reach at any price, "
        f"{left.hedged:,.0f} USD hedged, {left.out_of_range:,.0f} USD beyond half the mark",
        f"{answer.moves}: potential, not promise",
        *sorted({f"coverage: {figure.note}" for figure in answer.coverage if figure.note}),
    ]
    for side, name in ((1, "longs"), (-1, "shorts")):
        slope = tier_slope(made, side, made.scope)
        if slope.value is not None:
            notes.append(f"{slope.name} of {name}: {slope.value:.3g} {slope.unit} ({slope.caveat})")
    for figure, usd in (
        (answer.max_pain.long_victims, answer.max_pain.long_notional),
        (answer.max_pain.short_victims, answer.max_pain.short_notional),
    ):
        if figure.value is not None:
            notes.append(f"{figure.name}: {figure.value:,.6g} USD ({usd:,.0f} USD in its bin)")
    return notes


def volatility_before(
    lake: duckdb.DuckDBPyConnection, underlying: str, at: datetime, market: MarketKey | None = None, least: int = 20
) -> Volatility | None:
    """Volatility over the day before `at`; over all that is recorded where there are too few moves before; None where nothing moves. Of
    `market` where it is given and has prices."""
    before = _volatility(price_of(lake, Window(at - timedelta(days=1), at), underlying, market))
    if before and before[1] >= least:
        return Volatility(*before, later=False)
    after = _volatility(price_of(lake, Window(at - timedelta(days=1), at + timedelta(days=1)), underlying, market))
    return Volatility(*after, later=True) if after else None


def _volatility(path: Path | None) -> tuple[float, int] | None:
    """(sigma per square root of an hour, moves): realised variance over elapsed time; None without a move."""
    if path is None or len(path.time) < 2:
        return None
    moves = np.diff(np.log(path.price))
    hours = float(path.time[-1] - path.time[0]) / 3600
    variance = float(moves @ moves)
    return (float(np.sqrt(variance / hours)), int((moves != 0).sum())) if variance > 0 and hours > 0 else None
