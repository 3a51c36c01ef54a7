"""What a run came to, over the venues that took part in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.demo.parity import Parity, parity
from contracts.demo.run import Run
from contracts.demo.spread import Spread, spread


@dataclass(frozen=True, slots=True)
class MarketLiquidations:
    """Our liquidations in one market: how many longs and shorts, how many calls that took an account's margin and no position (whose
    market is "whole account"), and their notional at the mark price."""

    long: int
    short: int
    margin: int
    notional_usd: float


@dataclass(frozen=True, slots=True)
class Figures:
    """USD figures of the keeper are at end-of-run prices for gas coin and tokens, on both sides of the comparison.

    `keeper_profit_usd` is the lake's sum over our transactions, `keeper_assets_change_usd` the chain's own before and after. They may
    differ by 1e-6 USD per withdrawal from Perp V2's Vault, which rounds what it pays down to a unit of the settlement token.
    `blocks_late` and `missed` are the referee's (see ledger.Ledger), over the venue's own views of every account at every block."""

    traders: int
    blocks: int
    liquidations_executed: int
    liquidations_by_market: Mapping[str, MarketLiquidations]
    collateral_liquidations: int
    accounts_ever_liquidatable: int
    missed: int
    missed_accounts: Sequence[str]
    parity: Parity
    blocks_late: Spread
    rpc_requests_per_block: Spread
    rpc_calls_per_block: Spread
    block_ms: Spread
    keeper_profit_usd: float
    keeper_assets_change_usd: float
    keeper_profit_parts_usd: Mapping[str, float]
    gas_used: int
    reverted_attempts: int
    outcomes: Mapping[str, int]
    bad_debt_usd: float


def figures_of(*runs: Run) -> Figures:
    """The runs' figures together. Markets of one name on several venues are one."""
    liquidations = [row for run in runs for row in run.liquidations()]
    outcomes = [row for run in runs for row in run.answers.outcomes]
    blocks = [row for run in runs for row in run.answers.blocks]
    missed = [account for run in runs for account in run.missed()]
    parts = _sum([run.profit_parts() for run in runs])
    return Figures(
        traders=sum(run.traders for run in runs),
        blocks=len(blocks),
        liquidations_executed=len(liquidations),
        liquidations_by_market=_by_market(liquidations),
        collateral_liquidations=sum(len(run.collateral_liquidations()) for run in runs),
        accounts_ever_liquidatable=sum(len(run.ledger.breached) for run in runs),
        missed=len(missed),
        missed_accounts=missed,
        parity=parity([match for run in runs for match in run.matches()]),
        blocks_late=spread([late for run in runs for late in run.lateness()]),
        rpc_requests_per_block=spread([row["rpc_requests"] for row in blocks]),
        rpc_calls_per_block=spread([row["rpc_calls"] for row in blocks]),
        block_ms=spread([row["ms"] for row in blocks]),
        keeper_profit_usd=round(parts["settlement"] + parts["tokens"] - parts["gas"], 6),
        keeper_assets_change_usd=round(sum(run.worth.total_usd for run in runs), 6),
        keeper_profit_parts_usd={key: round(value, 6) for key, value in parts.items()},
        gas_used=sum(row["gas_used"] for row in outcomes),
        reverted_attempts=sum(row["outcome"] in ("reverted", "outbid") for row in outcomes),
        outcomes=dict(sorted(Counter(row["outcome"] for row in outcomes).items())),
        bad_debt_usd=round(sum(row["bad_debt_usd"] for run in runs for row in run.answers.liquidations), 6),
    )


def _sum(parts: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    return {key: sum(part[key] for part in parts) for key in parts[0]}


def _by_market(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, MarketLiquidations]:
    result: dict[str, MarketLiquidations] = {}
    for market in sorted({row["market"] for row in rows}):
        mine = [row for row in rows if row["market"] == market]
        sides = Counter(row["side"] if row["size"] else "margin" for row in mine)
        notional = sum(row["notional_usd"] for row in mine)
        result[market] = MarketLiquidations(sides["long"], sides["short"], sides["margin"], round(notional, 2))
    return result
