"""What the lake says of a run, through `analytics query`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.demo.programs import analytics, query

_QUESTIONS = (
    "select account, market, kind, side, size, notional_usd, bad_debt_usd, block_number, ours, liquidator from liquidations "
    "where chain_id = {chain_id}",
    "select outcome, gas_used, gas_cost_wei, profit_raw, tokens from outcomes where chain_id = {chain_id}",
    "select rpc_requests, rpc_calls, date_diff('millisecond', received_at, finished_at) as ms from blocks "
    "where chain_id = {chain_id} and not coalesce(recovered, false) order by block_number",
    "select account, block_number, equity_raw, requirement_raw, matches from account_snapshots where chain_id = {chain_id}",
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows of the lake, one dictionary each; `snapshots` are the keeper's own comparisons of its margins with the contract's view."""

    liquidations: Rows
    outcomes: Rows
    blocks: Rows
    snapshots: Rows


def ask(lake: Path, chain_id: int) -> Answers:
    """Everything a summary needs of one chain. Raises ProgramFailed."""
    return Answers(*(query(lake, sql.format(chain_id=chain_id)) for sql in _QUESTIONS))


def ask_missed(lake: Path) -> Rows:
    """What others liquidated and what was left, each with the reason out of the keeper's own records: `analytics missed`. Raises
    ProgramFailed."""
    rows: Rows = json.loads(analytics(lake, "missed", "--json"))["rows"]
    return rows
