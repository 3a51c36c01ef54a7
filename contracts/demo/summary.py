"""What the run came to: the lake's answers beside the referee's and the chain's own figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from contracts.demo.assets import Worth, token_decimals, token_usd
from contracts.demo.programs import query
from contracts.demo.referee import Ledger
from contracts.devnet import Deployment

_WEI = 10**18
_QUESTIONS = (
    "select account, market, kind, side, notional_usd, bad_debt_usd, block_number, ours from liquidations",
    "select outcome, gas_used, gas_cost_wei, profit_raw, tokens from outcomes",
    "select rpc_requests, rpc_calls, date_diff('millisecond', received_at, finished_at) as ms from blocks "
    "where not coalesce(recovered, false) order by block_number",
    "select count(*) as comparisons, count(*) filter (not matches) as mismatches from account_snapshots",
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles by the nearest-rank rule, over `n` values."""

    p50: int
    p99: int
    max: int
    n: int


@dataclass(frozen=True, slots=True)
class MarketLiquidations:
    """Our liquidations in one market: how many longs and shorts, and their notional at the mark price."""

    long: int
    short: int
    notional_usd: float


@dataclass(frozen=True, slots=True)
class Summary:
    """summary.json. USD figures of the keeper are at end-of-run prices for gas coin and tokens, on both sides of the comparison.

    `keeper_profit_usd` is the lake's sum over our transactions, `keeper_assets_change_usd` the chain's own before and after. They may
    differ by 1e-6 USD per withdrawal from the Vault, which rounds what it pays down to a unit of the settlement token.
    `blocks_late` and `missed` are the referee's (see referee.Ledger), over the venue's own views of every account at every block."""

    traders: int
    blocks: int
    liquidations_executed: int
    liquidations_by_market: Mapping[str, MarketLiquidations]
    collateral_liquidations: int
    accounts_ever_liquidatable: int
    missed: int
    missed_accounts: Sequence[str]
    parity: Mapping[str, int]
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
    simulate_pass: Mapping[str, int]
    bad_debt_usd: float
    seed: int
    wall_seconds: float

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Run:
    """What the run itself knows, apart from the lake."""

    deployment: Deployment
    ledger: Ledger
    worth: Worth
    prices_8: Mapping[str, int]
    simulate_pass: Mapping[str, int]
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows of the lake, one dictionary each."""

    liquidations: Sequence[Mapping[str, Any]]
    outcomes: Sequence[Mapping[str, Any]]
    blocks: Sequence[Mapping[str, Any]]
    parity: Mapping[str, Any]


def ask(lake: Path) -> Answers:
    """Everything the summary needs of the lake, through `analytics query`."""
    liquidations, outcomes, blocks, (parity,) = (query(lake, sql) for sql in _QUESTIONS)
    return Answers(liquidations, outcomes, blocks, parity)


def summarise(answers: Answers, run: Run) -> Summary:
    """Put the lake's answers, the referee's and the chain's figures together."""
    liquidations, outcomes, blocks, parity = answers.liquidations, answers.outcomes, answers.blocks, answers.parity
    ours = [row for row in liquidations if row["ours"] and row["kind"] == "positions"]
    by_account = _blocks_by_account(ours)
    parts = _profit_parts(run, outcomes)
    missed = run.ledger.missed(by_account)
    return Summary(
        traders=len(run.deployment.traders),
        blocks=len(blocks),
        liquidations_executed=len(ours),
        liquidations_by_market=_by_market(ours),
        collateral_liquidations=sum(1 for row in liquidations if row["ours"] and row["kind"] == "collateral"),
        accounts_ever_liquidatable=len(run.ledger.breached),
        missed=len(missed),
        missed_accounts=missed,
        parity={key: int(value) for key, value in parity.items()},
        blocks_late=spread(run.ledger.lateness(by_account)),
        rpc_requests_per_block=spread([row["rpc_requests"] for row in blocks]),
        rpc_calls_per_block=spread([row["rpc_calls"] for row in blocks]),
        block_ms=spread([row["ms"] for row in blocks]),
        keeper_profit_usd=round(parts["settlement"] + parts["tokens"] - parts["gas"], 6),
        keeper_assets_change_usd=round(run.worth.total_usd, 6),
        keeper_profit_parts_usd={key: round(value, 6) for key, value in parts.items()},
        gas_used=sum(row["gas_used"] for row in outcomes),
        reverted_attempts=sum(row["outcome"] in ("reverted", "outbid") for row in outcomes),
        outcomes=_counts([row["outcome"] for row in outcomes]),
        simulate_pass=run.simulate_pass,
        bad_debt_usd=round(sum(row["bad_debt_usd"] for row in liquidations), 6),
        seed=run.deployment.seed,
        wall_seconds=round(run.wall_seconds, 1),
    )


def spread(values: Sequence[int]) -> Spread:
    """p50, p99 and maximum of whole numbers; zeros for none."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0, 0, 0, 0)
    return Spread(_rank(ordered, 50), _rank(ordered, 99), ordered[-1], len(ordered))


def _rank(ordered: Sequence[int], percent: int) -> int:
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]


def _profit_parts(run: Run, outcomes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    decimals = token_decimals(run.deployment)
    tokens = [(token, int(amount)) for row in outcomes for token, amount in json.loads(row["tokens"])]
    return {
        "settlement": sum(int(row["profit_raw"]) for row in outcomes) / _WEI,
        "tokens": sum(token_usd(amount, decimals[token], run.prices_8[token]) for token, amount in tokens),
        "gas": token_usd(sum(int(row["gas_cost_wei"]) for row in outcomes), 18, run.prices_8["gas"]),
    }


def _by_market(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, MarketLiquidations]:
    result: dict[str, MarketLiquidations] = {}
    for market in sorted({row["market"] for row in rows}):
        mine = [row for row in rows if row["market"] == market]
        sides = _counts([row["side"] for row in mine])
        notional = sum(row["notional_usd"] for row in mine)
        result[market] = MarketLiquidations(sides.get("long", 0), sides.get("short", 0), round(notional, 2))
    return result


def _blocks_by_account(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[int]]:
    blocks: dict[str, list[int]] = {}
    for row in sorted(rows, key=lambda row: row["block_number"]):
        blocks.setdefault(row["account"], []).append(row["block_number"])
    return blocks


def _counts(values: Sequence[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}
