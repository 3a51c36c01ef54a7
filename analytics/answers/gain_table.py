"""Would the liquidations on the map carry themselves? Liquidatable against executable base, per dollar of price (M5)."""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.liquidation_map import MapAnswer, liquidation_map
from analytics.answers.opposing import opposing
from analytics.answers.pools import pools_note
from analytics.models.gain import GAIN, POTENTIAL, GainCurve, from_map, known_to, potential

_POTENTIALS = {"potential_2pct_usd": 0.02, "potential_5pct_usd": 0.05, "potential_10pct_usd": 0.10, "potential_25pct_usd": 0.25}
"""Column -> displacement (fraction of the mark) at which it gives the potential."""
_SUMMARY = pa.schema(
    [
        ("side", pa.string()),
        ("depth_source", pa.string()),
        ("own_pool", pa.bool_()),
        ("gain_peak", pa.float64()),
        ("gain_peak_usd", pa.float64()),
        ("self_sustaining", pa.list_(pa.string())),
        *((name, pa.float64()) for name in _POTENTIALS),
        ("depth_known_to_usd", pa.float64()),
        ("n", pa.int64()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_CURVE = pa.schema(
    [
        ("side", pa.string()),
        ("depth_source", pa.string()),
        ("price_from_usd", pa.float64()),
        ("price_to_usd", pa.float64()),
        ("liquidatable_base_per_usd", pa.float64()),
        ("executable_base_per_usd", pa.float64()),
        ("gain", pa.float64()),
        ("potential_usd", pa.float64()),
        ("n", pa.int64()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)
_NO_DEPTH = "no depth to hold against the map: neither a pool of the keeper's venue nor books or depth bands of {} in the hour before it"


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """One side's curve against one source of depth. `own`: the depth of the very pool the liquidations trade against."""

    side: int
    source: str
    quality: str
    own: bool
    curve: GainCurve


def gains(
    lake: duckdb.DuckDBPyConnection, market: str, answer: MapAnswer, venue: str | None = None, *, chain_id: int | None = None
) -> tuple[Gain, ...]:
    """Every side against every source of depth, own pools first; none without a map or without depth."""
    if answer.map is None or answer.taken_at is None:
        return ()
    return tuple(
        Gain(side, one.source, one.quality, one.own, from_map(answer.map, side, executable))
        for one in opposing(lake, market, answer.underlying, answer.taken_at, venue, chain_id)
        for side in (1, -1)
        if (executable := one.meets(side)) is not None
    )


def gain(
    lake: duckdb.DuckDBPyConnection, market: str, at: datetime | None = None, venue: str | None = None, *, chain_id: int | None = None
) -> pa.Table:
    """Per victim side and source of depth: the greatest gain and where, price zones with g >= 1, and the potential (USD of price) within
    some distances. Potential is null where depth is not known all the way."""
    answer = liquidation_map(lake, market, at, venue, chain_id=chain_id)
    return gain_table(lake, market, answer, gains(lake, market, answer, venue, chain_id=chain_id))


def gain_curve(
    lake: duckdb.DuckDBPyConnection, market: str, at: datetime | None = None, venue: str | None = None, *, chain_id: int | None = None
) -> pa.Table:
    """The curves cell by cell (10 bps of price, outward from the mark) as far as something is liquidatable."""
    answer = liquidation_map(lake, market, at, venue, chain_id=chain_id)
    rows = [row for one in gains(lake, market, answer, venue, chain_id=chain_id) for row in _cells(answer, one)]
    return annotated(pa.Table.from_pylist(rows, _CURVE), reason=_reason(lake, market, answer), notes=gain_notes(lake))


def gain_table(lake: duckdb.DuckDBPyConnection, market: str, answer: MapAnswer, found: tuple[Gain, ...]) -> pa.Table:
    """`gain` of an answered map."""
    rows = [_summary(answer, one) for one in found]
    return annotated(pa.Table.from_pylist(rows, _SUMMARY), reason=_reason(lake, market, answer), notes=gain_notes(lake))


def _reason(lake: duckdb.DuckDBPyConnection, market: str, answer: MapAnswer) -> str:
    return answer.reason or pools_note(lake) or _NO_DEPTH.format(market)


def gain_notes(lake: duckdb.DuckDBPyConnection) -> list[str]:
    """What the figures are and are not."""
    return [
        f"gain: {GAIN.formula}; {GAIN.caveat}",
        f"potential: {POTENTIAL.formula}; {POTENTIAL.caveat}",
        "each venue's depth is laid over the map's mark at equal relative distance; depth as displayed at the snapshot, not stressed",
        pools_note(lake),
    ]


def _summary(answer: MapAnswer, one: Gain) -> dict[str, object]:
    mark = _mark(answer)
    known = np.isfinite(one.curve.gain)
    peak = int(np.argmax(np.where(known, one.curve.gain, -np.inf))) if known.any() else None
    middle = (one.curve.edges[:-1] + one.curve.edges[1:]) / 2
    reaches = {name: potential(one.curve, reach * mark).value for name, reach in _POTENTIALS.items()}
    return (
        _of(one)
        | reaches
        | {
            "own_pool": one.own,
            "gain_peak": one.curve.peak().value,
            "gain_peak_usd": mark - one.side * float(middle[peak]) if peak is not None else None,
            "self_sustaining": [_zone(mark, one.side, *zone) for zone in one.curve.self_sustaining()],
            "depth_known_to_usd": mark - one.side * known_to(one.curve),
            "n": answer.map.positions if answer.map else 0,
        }
    )


def _cells(answer: MapAnswer, one: Gain) -> list[dict[str, object]]:
    filled = np.flatnonzero(one.curve.rho > 0)
    last = int(filled[-1]) + 1 if len(filled) else 0
    prices, adds = _mark(answer) - one.side * one.curve.edges, one.curve.potential()
    return [
        _of(one)
        | {
            "price_from_usd": float(prices[i]),
            "price_to_usd": float(prices[i + 1]),
            "liquidatable_base_per_usd": float(one.curve.rho[i]),
            "executable_base_per_usd": _known(one.curve.depth[i]),
            "gain": _known(one.curve.gain[i]),
            "potential_usd": _known(adds[i + 1]),
            "n": answer.map.positions if answer.map else 0,
        }
        for i in range(last)
    ]


def _of(one: Gain) -> dict[str, object]:
    return {
        "side": "long" if one.side == 1 else "short",
        "depth_source": one.source,
        "quality": one.quality,
        "window": one.curve.scope.window,
    }


def _mark(answer: MapAnswer) -> float:
    return answer.map.mark if answer.map else float("nan")


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _zone(mark: float, side: int, near: float, far: float) -> str:
    return f"{mark - side * near:,.6g} to {mark - side * far:,.6g}"
