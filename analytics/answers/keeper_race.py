"""Who liquidated, how late and for how much, and what was missed and why (M25)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import venue_labels
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.figure import Figure, Scope
from analytics.models.keepers import LATENCY, WIN_RATE, Share, shares, win_rate
from analytics.models.missed import Reason, Stages, missed_reason
from analytics.summary import latency_view

_NO_RACE = "this lake has no keeper's tables: where a venue's own engine liquidates there is no race, and recordings name no liquidator"
_MISSED = pa.schema(
    [
        ("moment", pa.timestamp("us")),
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("account", pa.string()),
        ("reason", pa.string()),
        ("liquidator", pa.string()),
        ("liquidated_block", pa.int64()),
        ("first_seen_block", pa.int64()),
        ("markets", pa.string()),
        ("notional_usd", pa.float64()),
        ("last_skip", pa.string()),
        ("outcome", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Race:
    """The competition on one venue: its chain and name, in one word too, what each liquidator has of it, and how many are ours."""

    key: tuple[int, str]
    label: str
    shares: tuple[Share, ...]
    hhi: Figure
    wins: int


def keepers(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """Per venue and liquidator: n, USD, rewards before gas, share of the venue's count and of its rewards, latency in blocks; the keeper's
    own is `by_keeper`."""
    asked = window or Window()
    if not has_view(lake, "stg_keeper_liquidations"):
        return annotated(pa.table({}), reason=_NO_RACE)
    latency_view(lake)
    table = lake.execute(mart("liquidators"), _parameters(asked)).to_arrow_table()
    if table.num_rows == 0:
        return annotated(table, reason=f"nobody liquidated a position in {asked.words}")
    races = _races(lake, table, asked)
    share_of = {(*race.key, share.owner): share for race in races for share in race.shares}
    ranked = [share_of[row["chain_id"], row["venue"], row["liquidator"]] for row in table.to_pylist()]
    for name in ("count_share", "reward_share"):
        table = table.append_column(name, pa.array([getattr(share, name) for share in ranked]))
    return annotated(table, notes=_race_notes(lake, asked, races), window=asked.words, quality="exact")


def attempts(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """The keeper's own attempts by venue and outcome: n, transactions, gas, profit before and after gas in USD."""
    asked = window or Window()
    if not has_view(lake, "stg_keeper_outcomes"):
        return annotated(pa.table({}), reason=_NO_RACE)
    table = lake.execute(mart("attempts_outcomes"), _parameters(asked)).to_arrow_table()
    return annotated(
        table,
        reason=f"the keeper had no attempts in {asked.words}",
        notes=["reverted attempts cost gas and earn nothing"],
        window=asked.words,
        quality="exact",
    )


def missed(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """Liquidations made by others, and accounts the last test left liquidatable (two blocks or more), each with the stage that cost it."""
    asked = window or Window()
    if not has_view(lake, "stg_keeper_liquidations") or not has_view(lake, "stg_keeper_evaluations"):
        return annotated(pa.table({}), reason=_NO_RACE)
    found = lake.execute(mart("missed_accounts"), _parameters(asked)).to_arrow_table().to_pylist()
    rows = [_missed_row(row) for row in found]
    reason = f"nothing missed in {asked.words}: others liquidated nothing, and no account was left liquidatable for two blocks"
    notes = [
        "reason: the last stage that stopped us before the liquidation, out of the keeper's own records",
        "without a liquidator: still liquidatable at its last test, liquidated by nobody",
        f"{Reason.WAITING}: the protocol itself lets nobody go on yet; no opportunity was lost, so the win rate does not count it",
    ]
    return annotated(pa.Table.from_pylist(rows, _MISSED), reason=reason, notes=notes)


def _missed_row(row: dict[str, object]) -> dict[str, object]:
    until = row["until_block"]
    evaluated, sent, skipped = row["evaluated_block"], row["sent_block"], row["skip_block"]
    stages = Stages(
        bool(row["tests"]),
        until if isinstance(until, int) else 0,
        evaluated if isinstance(evaluated, int) else None,
        str(row["skip"]) if row["skip"] else None,
        bool(row["settled"]) if row["settled"] is not None else None,
        sent if isinstance(sent, int) else None,
        str(row["outcome"]) if row["outcome"] else None,
        skipped if isinstance(skipped, int) else None,
    )
    columns = ("chain_id", "venue", "account", "liquidator", "liquidated_block", "markets", "notional_usd", "outcome")
    moment = row["moment"] if isinstance(row["moment"], datetime) else None
    extra = {"moment": moment, "reason": str(missed_reason(stages)), "first_seen_block": evaluated, "last_skip": row["skip"]}
    return {name: row[name] for name in columns} | extra


def _races(lake: duckdb.DuckDBPyConnection, table: pa.Table, window: Window) -> list[_Race]:
    """One per venue of mart `liquidators`, in the order of their labels."""
    labels = venue_labels(lake)
    rows: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        rows.setdefault((row["chain_id"], row["venue"]), []).append(row)
    races = [_race(key, labels.of(*key), liquidators, Scope(window.words, "exact")) for key, liquidators in rows.items()]
    return sorted(races, key=lambda race: race.label)


def _race(key: tuple[int, str], label: str, liquidators: list[dict[str, Any]], scope: Scope) -> _Race:
    count = np.array([row["n"] for row in liquidators])
    owners = np.repeat(np.array([row["liquidator"] for row in liquidators], np.str_), count)
    rewards = np.repeat(np.array([row["reward_usd"] for row in liquidators]) / count, count)
    ranked, concentration = shares(owners, rewards, scope)
    return _Race(key, label, ranked, concentration.hhi, sum(row["n"] for row in liquidators if row["by_keeper"]))


def _race_notes(lake: duckdb.DuckDBPyConnection, window: Window, races: list[_Race]) -> list[str]:
    misses = Counter((row["chain_id"], row["venue"]) for row in missed(lake, window).to_pylist() if row["reason"] != Reason.WAITING)
    name = {race.key: f"{race.label}: " if len(races) > 1 else "" for race in races}
    return [
        *(f"{name[race.key]}{_win_rate(race.wins, misses[race.key], window)}" for race in races),
        f"{LATENCY.name}: first block found liquidatable by the keeper's exact test to the block of execution; {LATENCY.caveat}",
        "rewards before gas; addresses are not clustered to owners",
        *(f"{name[race.key]}{race.hhi.name} of counts: {race.hhi.value:.3f}" for race in races),
    ]


def _win_rate(wins: int, misses: int, window: Window) -> str:
    rate = win_rate(wins, wins + misses, Scope(window.words, "exact"))
    interval = f", 95 % {rate.interval[0]:.0%} to {rate.interval[1]:.0%}" if rate.interval else ""
    known = f"{rate.value:.1%}" if rate.value is not None else "unknown"
    return f"{WIN_RATE.name}: {known} of {wins + misses} detectable opportunities{interval} ({WIN_RATE.formula})"


def _parameters(window: Window) -> dict[str, object]:
    return {"since": window.lake_since, "until": window.lake_until}
