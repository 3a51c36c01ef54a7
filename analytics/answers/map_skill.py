"""Did the map foresee what was liquidated? (M6) Predicted between the mark and the realised extreme, against what was then liquidated."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey
from analytics.answers.ledger import ledger_view, liquidations
from analytics.answers.liquidation_map import MapAnswer
from analytics.answers.mapped_market import MappedMarket, mapped_markets
from analytics.answers.prices import price_extremes
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.figure import Scope
from analytics.models.inferred_map import LEVERAGES
from analytics.models.liquidation_map import Levels
from analytics.models.skill import Skill, predicted, score

_SCHEMA = pa.schema(
    [
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("side", pa.string()),
        ("snapshot", pa.timestamp("us")),
        ("mark_usd", pa.float64()),
        ("extreme_usd", pa.float64()),
        ("predicted_usd", pa.float64()),
        ("predicted_together_usd", pa.float64()),
        ("realised_usd", pa.float64()),
        ("baseline_usd", pa.float64()),
        ("day_before_usd", pa.float64()),
        ("log_error", pa.float64()),
        ("realised_n", pa.int64()),
    ]
)
_DAY = timedelta(days=1)
_YESTERDAY = "the map of the day before"
_BASELINE = "open interest spread evenly over 10x, 25x, 50x and 100x"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The snapshot a window's map is judged by, and how many liquidations of the window came before it."""

    at: datetime
    liquidated_before: int


def snapshot_for(lake: duckdb.DuckDBPyConnection, window: Window) -> Snapshot | None:
    """The last snapshot of positions before the window's first liquidation, else the first one of the window; None without any."""
    if not has_view(lake, "stg_keeper_position_snapshots"):
        return None
    if not ledger_view(lake):
        return None
    row = lake.execute(mart("snapshot_around"), {"since": window.lake_since, "until": window.lake_until}).fetchone()
    return Snapshot(*row) if row else None


def map_skill(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """Per venue's market and side: USD the map placed between the mark and the realised extreme of the mark, and USD then liquidated."""
    asked = window or Window()
    snapshot = snapshot_for(lake, asked)
    if snapshot is None:
        return annotated(pa.Table.from_pylist([], _SCHEMA), reason=f"no snapshot of positions in or before {asked.words}")
    rows = [row for market in mapped_markets(lake, snapshot.at) for row in _market(lake, market, snapshot.at, asked)]
    notes = [f"snapshot of {snapshot.at:%Y-%m-%d %H:%M:%S} UTC; conditional on the path the price took: tests the map, not a forecast"]
    notes.append(
        "predicted: the map holds all else still; together: all markets move as one, each by its beta; neither has positions opened later"
    )
    if snapshot.liquidated_before:
        notes.append(
            f"no snapshot before the first liquidation: {snapshot.liquidated_before} liquidations came before this one and are left out"
        )
    notes += skill_notes(rows, asked)
    return annotated(
        pa.Table.from_pylist(rows, _SCHEMA),
        reason="no market of the snapshot has prices after it",
        notes=notes,
        window=asked.words,
        quality="exact",
    )


def skill_notes(rows: list[dict[str, object]], window: Window) -> list[str]:
    """Slope, error and skill of both maps against the baseline over markets and sides."""
    if not rows:
        return []
    notes = []
    for name, column in (("all else still", "predicted_usd"), ("all markets together", "predicted_together_usd")):
        found = _score(rows, column, window)
        against = " and ".join(f"{_words('skill', skill.value)} against {baseline}" for baseline, skill in found.against)
        notes.append(
            f"{name}: {_words('slope through the origin (1 is perfect)', found.slope.value)}; "
            f"{_words('mean absolute error, USD', found.error.value)}; {against} (1 is perfect, 0 no better); n = {len(rows)} market sides"
        )
    return notes


def _score(rows: list[dict[str, object]], prediction: str, window: Window) -> Skill:
    def column(name: str) -> list[float]:
        return [value if isinstance(value := row[name], float) else 0.0 for row in rows]

    baselines = {_BASELINE: column("baseline_usd")}
    if all(row["day_before_usd"] is not None for row in rows):
        baselines[_YESTERDAY] = column("day_before_usd")
    return score(column(prediction), column("realised_usd"), baselines, Scope(window.words, "exact"))


def _words(name: str, value: float | None) -> str:
    return f"{name}: {'unknown' if value is None else f'{value:,.3g}' if abs(value) < 1000 else f'{value:,.0f}'}"


def _market(lake: duckdb.DuckDBPyConnection, market: MappedMarket, snapshot_at: datetime, window: Window) -> list[dict[str, object]]:
    answer = market.map_at(lake, snapshot_at)
    if answer.map is None or answer.levels is None or answer.taken_at is None:
        return []
    at = answer.taken_at
    after = Window(at.replace(tzinfo=UTC), window.until)
    prices = [row for row in price_extremes(lake, after, market.underlying).to_pylist() if MarketKey.of(row) == market.key]
    if not prices:
        return []
    mark = answer.map.mark
    low, high = min(mark, *(row["low_usd"] for row in prices)), max(mark, *(row["high_usd"] for row in prices))
    guesses = predicted(answer.levels, mark, low, high)
    joint = market.map_at(lake, at, all_markets=True)
    together = predicted(joint.levels, mark, low, high) if joint.levels else guesses
    baseline = predicted(_inferred(answer, mark), mark, low, high)
    yesterday = _day_before(market.map_at(lake, at - _DAY), at)
    stale = predicted(yesterday, mark, low, high) if yesterday else (None, None)
    victims = _victims(lake, market, after)
    made = []
    for i, (side, extreme) in enumerate((("long", low), ("short", high))):
        realised = [row["notional_usd"] or 0.0 for row in victims if row["side"] == side]
        total = float(sum(realised))
        log_error = float(np.log(guesses[i] / total)) if guesses[i] > 0 and total > 0 else None
        made.append(
            {
                **market.key._asdict(),
                "side": side,
                "snapshot": at,
                "mark_usd": mark,
                "extreme_usd": extreme,
                "predicted_usd": guesses[i],
                "predicted_together_usd": together[i],
                "realised_usd": total,
                "baseline_usd": baseline[i],
                "day_before_usd": stale[i],
                "log_error": log_error,
                "realised_n": len(realised),
            }
        )
    return made


def _victims(lake: duckdb.DuckDBPyConnection, market: MappedMarket, after: Window) -> list[dict[str, Any]]:
    """The market's liquidations after the snapshot, which has those of its own block."""
    chain_id, venue, name = market.key
    rows = liquidations(lake, after, market.underlying, venue, chain_id=chain_id).to_pylist()
    return [row for row in rows if row["market"] == name and row["exchange_time"] > after.lake_since]


def _day_before(older: MapAnswer, at: datetime) -> Levels | None:
    """The map as it was known a day before the snapshot, up to a day older; None where there is none."""
    return older.levels if older.taken_at is not None and older.taken_at >= at - 2 * _DAY else None


def _inferred(answer: MapAnswer, mark: float) -> Levels:
    """What one would guess from open interest alone: every position entered at the mark, at the customary leverages in equal parts."""
    totals = [_open_interest(answer, side) / len(LEVERAGES) for side in (1, -1)]
    rungs = [(mark * (1 - side / leverage), side, total) for side, total in zip((1, -1), totals, strict=True) for leverage in LEVERAGES]
    price, side, notional = (np.array(column) for column in zip(*rungs, strict=True))
    return Levels(price.astype(np.float64), side.astype(np.int64), notional.astype(np.float64))


def _open_interest(answer: MapAnswer, side: int) -> float:
    """One side's open interest in USD; what is mapped where the lake does not know it."""
    assert answer.levels is not None  # only asked for where there is a map
    mapped = float(answer.levels.notional[answer.levels.side == side].sum())
    share = answer.coverage[0 if side == 1 else 1].value if answer.coverage else None
    return mapped / share if share else mapped
