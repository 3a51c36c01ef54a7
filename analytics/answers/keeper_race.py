"""Who liquidated, how late and for how much, and what was missed and why (M25)."""

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.figure import Scope
from analytics.models.keepers import LATENCY, WIN_RATE, shares, win_rate
from analytics.models.missed import Stages, missed_reason
from analytics.summary import latency_view

_NO_RACE = "this lake has no keeper's tables: where a venue's own engine liquidates there is no race, and recordings name no liquidator"
_MISSED = pa.schema(
    [
        ("moment", pa.timestamp("us")),
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


def keepers(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """Per liquidator: n, USD, rewards before gas, share of count and of rewards, latency in blocks; the keeper's own is `by_keeper`."""
    asked = window or Window()
    if not has_view(lake, "stg_keeper_liquidations"):
        return annotated(pa.table({}), reason=_NO_RACE)
    latency_view(lake)
    table = lake.execute(mart("liquidators"), _parameters(asked)).to_arrow_table()
    if table.num_rows == 0:
        return annotated(table, reason=f"nobody liquidated a position in {asked.words}")
    owners = np.array(table["liquidator"].to_pylist(), np.str_)
    repeated = np.repeat(owners, table["n"].to_numpy())
    rewards = np.repeat(table["reward_usd"].to_numpy() / table["n"].to_numpy(), table["n"].to_numpy())
    ranked, concentration = shares(repeated, rewards, Scope(asked.words, "exact"))
    by_owner = {share.owner: share for share in ranked}
    count, reward = ([getattr(by_owner[owner], name) for owner in owners.tolist()] for name in ("count_share", "reward_share"))
    table = table.append_column("count_share", pa.array(count)).append_column("reward_share", pa.array(reward))
    return annotated(
        table,
        notes=[*_race_notes(lake, asked, table), f"{concentration.hhi.name} of counts: {concentration.hhi.value:.3f}"],
        window=asked.words,
        quality="exact",
    )


def attempts(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """The keeper's own attempts by outcome: n, gas, profit before and after gas in USD."""
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
    ]
    return annotated(pa.Table.from_pylist(rows, _MISSED), reason=reason, notes=notes)


def _missed_row(row: dict[str, object]) -> dict[str, object]:
    until = row["until_block"]
    evaluated, sent = row["evaluated_block"], row["sent_block"]
    stages = Stages(
        bool(row["tests"]),
        until if isinstance(until, int) else 0,
        evaluated if isinstance(evaluated, int) else None,
        str(row["skip"]) if row["skip"] else None,
        bool(row["settled"]) if row["settled"] is not None else None,
        sent if isinstance(sent, int) else None,
        str(row["outcome"]) if row["outcome"] else None,
    )
    kept = ("venue", "account", "liquidator", "liquidated_block", "markets", "notional_usd", "outcome")
    moment = row["moment"] if isinstance(row["moment"], datetime) else None
    extra = {"moment": moment, "reason": str(missed_reason(stages)), "first_seen_block": evaluated, "last_skip": row["skip"]}
    return {name: row[name] for name in kept} | extra


def _race_notes(lake: duckdb.DuckDBPyConnection, window: Window, table: pa.Table) -> list[str]:
    own = sum(n for n, ours in zip(table["n"].to_pylist(), table["by_keeper"].to_pylist(), strict=True) if ours)
    left = missed(lake, window).num_rows
    rate = win_rate(own, own + left, Scope(window.words, "exact"))
    interval = f", 95 % {rate.interval[0]:.0%} to {rate.interval[1]:.0%}" if rate.interval else ""
    known = f"{rate.value:.1%}" if rate.value is not None else "unknown"
    return [
        f"{WIN_RATE.name}: {known} of {own + left} detectable opportunities{interval} ({WIN_RATE.formula})",
        f"{LATENCY.name}: first block found liquidatable by the keeper's exact test to the block of execution; {LATENCY.caveat}",
        "rewards before gas; addresses are not clustered to owners",
    ]


def _parameters(window: Window) -> dict[str, object]:
    return {"since": window.lake_since, "until": window.lake_until}
