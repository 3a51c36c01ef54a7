"""Waves as the map and the depth predict them: what the outside move reaches, then what each wave's impact reaches (M8, M9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.gain_table import Gain, gain_notes, gains
from analytics.answers.identity import AccountKey, MarketKey
from analytics.answers.liquidation_map import MapAnswer
from analytics.answers.map_skill import snapshot_for
from analytics.answers.mapped_market import MappedMarket, mapped_markets
from analytics.answers.pools import pools_note
from analytics.answers.wave_table import series_of
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.amplification import GAIN, from_cascade
from analytics.models.arrays import Floats
from analytics.models.figure import Figure
from analytics.models.gain import impact_of, known_to
from analytics.models.waves import NEVER, OVERLAP, Structural, along, overlap

_SCHEMA = pa.schema(
    [
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("side", pa.string()),
        ("wave", pa.int64()),
        ("reached_usd", pa.float64()),
        ("n", pa.int64()),
        ("notional_usd", pa.float64()),
        ("share", pa.float64()),
        ("exogenous_move", pa.float64()),
        ("final_move", pa.float64()),
        ("amplification_gain", pa.float64()),
        ("overlap", pa.float64()),
        ("overlap_n", pa.int64()),
        ("depth_source", pa.string()),
        ("caveat", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The simulated cascade of one side of a market from a snapshot. `accounts` and `notional` (USD) are the side's positions, `away` how
    far (USD) their liquidation prices are; `x0` is the outside move (USD); `amplification` is A_gain."""

    market: MappedMarket
    side: int
    mark: float
    accounts: tuple[AccountKey, ...]
    away: Floats
    notional: Floats
    x0: float
    made: Structural
    amplification: Figure
    gain: Gain


def structure(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per venue's market and side that the index moved against: waves with the price each reaches, positions, USD, A_gain, and the overlap
    with the observed waves (Jaccard of pairs of victims)."""
    asked = window or Window()
    rows = [row for one in structures(lake, asked, underlying) for row in _rows(lake, asked, one)]
    notes = [
        "wave 0: positions within the outside move, which is the index's farthest move after the snapshot; wave k+1: those reached only by "
        "adding the potential of what waves up to k reached; depth of the snapshot's pool, else of its newest book",
        f"amplification: {GAIN.formula}; {GAIN.caveat}",
        f"{OVERLAP.name}: {OVERLAP.formula}; {OVERLAP.caveat}",
        *gain_notes(lake),
    ]
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=_why(lake, asked), notes=notes)


def structures(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None = None) -> Iterator[Structure]:
    """The cascades from the window's snapshot, as `structure` tabulates them; none without positions, depth or an index."""
    snapshot = snapshot_for(lake, window)
    if snapshot is None or not has_view(lake, "stg_keeper_market_state"):
        return
    for market in mapped_markets(lake, snapshot.at):
        if underlying in (None, market.underlying):
            answer = market.map_at(lake, snapshot.at)
            chosen: dict[int, Gain] = {}
            for one in gains(lake, market.key.market, answer, market.key.venue, chain_id=market.key.chain_id):
                chosen.setdefault(one.side, one)
            moves = _moves(lake, market.key, answer.taken_at or snapshot.at, window)
            yield from (
                _follow(market, answer, chosen[side], moves[side]) for side in (1, -1) if side in chosen and moves.get(side, 0.0) > 0
            )


def _moves(lake: duckdb.DuckDBPyConnection, market: MarketKey, at: datetime, window: Window) -> dict[int, float]:
    """Victim side -> farthest move of the index against it after the snapshot, as a fraction."""
    row = lake.execute(mart("index_move"), market._asdict() | {"at": at, "until": window.lake_until}).fetchone()
    if row is None:
        return {}
    before, low, high = row
    return {1: 1 - low / before, -1: high / before - 1}


def _follow(market: MappedMarket, answer: MapAnswer, gain: Gain, move: float) -> Structure:
    assert answer.map is not None  # a gain was found on it
    assert answer.levels is not None
    mark, levels = answer.map.mark, answer.levels
    outward = gain.side * (mark - levels.price)
    mine = (levels.side == gain.side) & np.isfinite(levels.price) & (outward >= 0)
    limit = float(gain.curve.edges[-1])
    x0 = min(move * mark, limit)
    made = along(outward[mine], x0, impact_of(gain.curve), limit=limit)
    accounts = tuple(account for account, chosen in zip(answer.accounts, mine.tolist(), strict=True) if chosen)
    n, unknown = int(mine.sum()), made.cascade.stopped and made.cascade.final > known_to(gain.curve)
    missing = GAIN.figure(None, gain.curve.scope, n, note="depth is not known as far as the cascade goes")
    grown = missing if unknown else from_cascade(made.cascade, gain.curve.scope, n)
    return Structure(market, gain.side, mark, accounts, outward[mine], levels.notional[mine], x0, made, grown, gain)


def _rows(lake: duckdb.DuckDBPyConnection, window: Window, one: Structure) -> list[dict[str, object]]:
    total = float(one.notional.sum())
    agreed = _overlap(lake, window, one)
    shared = {
        **one.market.key._asdict(),
        "side": "long" if one.side == 1 else "short",
        "exogenous_move": one.x0 / one.mark,
        "final_move": one.made.cascade.final / one.mark,
        "amplification_gain": one.amplification.value,
        "overlap": agreed.value if agreed else None,
        "overlap_n": agreed.n if agreed else 0,
        "depth_source": one.gain.source,
        "caveat": one.amplification.caveat,
        "quality": one.gain.quality,
        "window": one.gain.curve.scope.window,
    }
    waves = [wave for wave in np.unique(one.made.wave).tolist() if wave != NEVER]
    return [
        shared
        | {
            "wave": wave,
            "reached_usd": one.mark - one.side * float(one.made.cascade.reached[wave]),
            "n": int((one.made.wave == wave).sum()),
            "notional_usd": float(one.notional[one.made.wave == wave].sum()),
            "share": float(one.notional[one.made.wave == wave].sum()) / total if total else None,
        }
        for wave in waves
    ]


def _overlap(lake: duckdb.DuckDBPyConnection, window: Window, one: Structure) -> Figure | None:
    """Against the waves observed after the snapshot, each victim by its first liquidation; None where none were observed."""
    series = series_of(lake, window, one.market.underlying, one.side)
    if series is None:
        return None
    observed: dict[AccountKey, int] = {}
    for row, label in zip(series.victims.to_pylist(), series.waves.label(series.time).tolist(), strict=True):
        if MarketKey.of(row) == one.market.key:
            observed.setdefault(AccountKey(row["chain_id"], row["venue"], row["victim"]), label)
    return overlap(one.made.wave, [observed.get(account, NEVER) for account in one.accounts], one.gain.curve.scope)


def _why(lake: duckdb.DuckDBPyConnection, window: Window) -> str:
    if snapshot_for(lake, window) is None:
        return f"no snapshot of positions in or before {window.words}: structural waves need a map"
    return pools_note(lake) or "no depth to hold against the map, or the index never moved against its positions after the snapshot"
