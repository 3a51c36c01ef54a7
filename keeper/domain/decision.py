"""Act or leave it, and why. Pure: the same plan, costs and limits always give the same answer."""

import hashlib
from dataclasses import dataclass
from typing import NewType, TypeAlias

from keeper.domain.chain import BlockRef
from keeper.domain.skip_reason import SkipReason
from keeper.domain.venue import AccountKey, LiquidationPlan, NoPlan

CandidateId = NewType("CandidateId", str)
"""Names one candidate for ever: derived from what triggered it, so a replay gives the same name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows. USD with 18 decimals, wei. `allow` empty means everybody not denied."""

    min_profit_x18: int
    min_notional_x18: int = 0
    allow: frozenset[AccountKey] = frozenset()
    deny: frozenset[AccountKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Economics:
    """What a plan brings and costs, USD with 18 decimals. `cost` is gas plus the plan's own trading cost."""

    reward_x18: int
    cost_x18: int

    @property
    def profit_x18(self) -> int:
        """Reward less cost."""
        return self.reward_x18 - self.cost_x18


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Go on with this plan."""

    plan: LiquidationPlan
    economics: Economics


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave it, and why."""

    reason: SkipReason
    detail: str = ""
    economics: Economics | None = None


Decision: TypeAlias = Liquidate | Skip


def candidate_id(chain_id: int, venue: str, account: AccountKey, block: BlockRef) -> CandidateId:
    """The name of "this account, breached as of this block": 16 hex digits of SHA-256."""
    text = f"{chain_id}|{venue}|{account}|{block.hash}"
    return CandidateId(hashlib.sha256(text.encode()).hexdigest()[:16])


def decide(plan: LiquidationPlan | NoPlan, gas_cost_x18: int, free_capital_x18: int, limits: Limits) -> Decision:
    """Liquidate when the plan's reward beats gas, trading cost and the wanted profit within the operator's limits.

    `gas_cost_x18`: the plan's whole gas at the price to be offered; `free_capital_x18`: the executor's margin not spoken for."""
    if isinstance(plan, NoPlan):
        return Skip(plan.reason, plan.detail)
    if plan.account in limits.deny or (limits.allow and plan.account not in limits.allow):
        return Skip(SkipReason.DENIED)
    economics = Economics(plan.expected_reward_x18, plan.expected_cost_x18 + gas_cost_x18)
    if plan.notional_x18 < limits.min_notional_x18:
        return Skip(SkipReason.TOO_SMALL, economics=economics)
    if economics.profit_x18 < limits.min_profit_x18:
        return Skip(SkipReason.UNPROFITABLE, economics=economics)
    if plan.capital_x18 > free_capital_x18:
        return Skip(SkipReason.NOT_ENOUGH_CAPITAL, economics=economics)
    return Liquidate(plan, economics)


_CROWDING = frozenset({SkipReason.NO_PROFITABLE_SIZE, SkipReason.UNPROFITABLE, SkipReason.TOO_SMALL})


def crowded(decision: Decision) -> Decision:
    """The decision about an account that would pay alone, planned after others: what stops it now is what they take of the market."""
    if isinstance(decision, Skip) and decision.reason in _CROWDING:
        return Skip(SkipReason.MARKET_CAPACITY, f"{decision.reason.value} after earlier plans", decision.economics)
    return decision


def min_guard_change(plan: LiquidationPlan, wanted_profit_x18: int) -> int:
    """What the executor's worth must grow by, so that `wanted_profit_x18` is left; both USD with 18 decimals."""
    return plan.break_even_x18 + wanted_profit_x18


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account found breached at a block, on its way through decision, simulation and sending."""

    id: CandidateId
    venue: str
    account: AccountKey
    block: BlockRef
