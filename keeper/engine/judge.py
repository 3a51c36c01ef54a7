"""From findings to decisions. Pure but for the book it reads: live and in replay it gives the same answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from keeper.domain.chain import Address, BlockRef
from keeper.domain.decision import Candidate, Decision, Economics, Limits, Liquidate, Skip, SkipReason, candidate_id, decide
from keeper.domain.fees import gas_cost_x18
from keeper.domain.venue import AccountKey, LiquidationPlan, NoPlan
from keeper.engine.evaluator import Evaluator, Findings
from keeper.engine.mailbox import Case

_UNLIMITED_X18 = 1 << 255


@dataclass(frozen=True, slots=True)
class Tariff:
    """What gas costs and may cost: tip, the highest fee (wei per gas) and the gas coin's price (USD, 18 decimals)."""

    priority_fee_wei: int
    max_fee_wei: int
    native_price_x18: int

    def cost_x18(self, gas: int, block: BlockRef) -> int:
        """USD cost of `gas` in the block after `block`."""
        return gas_cost_x18(gas, block.base_fee_wei + self.priority_fee_wei, self.native_price_x18)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one breached account."""

    candidate: Candidate
    decision: Decision
    plan: LiquidationPlan | None
    blocks_breached: int

    def case(self) -> Case | None:
        """Something to work on, where the decision is to go on."""
        return Case(self.candidate, self.decision, self.blocks_breached) if isinstance(self.decision, Liquidate) else None


@dataclass(frozen=True, slots=True)
class Judge:
    """The operator's limits and the executor's means. `gas_coin_market` is the market whose index prices gas."""

    chain_id: int
    executor: Address | None
    limits: Limits
    gas_coin_market: str
    priority_fee_wei: int
    max_fee_wei: int

    def tariff(self, evaluator: Evaluator[Any, Any], block: BlockRef) -> Tariff | None:
        """Gas at this block's index price; None where the venue has no such market."""
        for view in evaluator.venue.markets(evaluator.book, block.timestamp):
            if view.market == self.gas_coin_market:
                return Tariff(self.priority_fee_wei, self.max_fee_wei, view.index_price_x18)
        return None

    def verdicts(
        self, name: str, evaluator: Evaluator[Any, Any], found: Findings[Any], tariff: Tariff, barred: Callable[[AccountKey], Skip | None]
    ) -> Sequence[Verdict]:
        """One per breached account. `barred` says why an account may not be touched now, apart from its plan."""
        free = self._free_capital_x18(evaluator, found)
        return [
            Verdict(
                self.candidate(name, breached.account, found.block),
                barred(breached.account) or self._decide(breached.plan, tariff, found.block, free),
                breached.plan if isinstance(breached.plan, LiquidationPlan) else None,
                found.block.number - breached.first_seen,
            )
            for breached in found.breached
        ]

    def unwinding(self, name: str, found: Findings[Any], barred: Callable[[AccountKey], Skip | None]) -> Case | None:
        """Closing what the executor still holds, which no limit forbids."""
        plan = found.unwind
        if plan is None or barred(plan.account):
            return None
        economics = Economics(plan.expected_reward_x18, plan.expected_cost_x18)
        return Case(self.candidate(name, plan.account, found.block), Liquidate(plan, economics), 0, unwind=True)

    def candidate(self, name: str, account: AccountKey, block: BlockRef) -> Candidate:
        """The account's candidate of this block."""
        return Candidate(candidate_id(self.chain_id, name, account, block), name, account, block)

    def _decide(self, plan: LiquidationPlan | NoPlan, tariff: Tariff, block: BlockRef, free_x18: int) -> Decision:
        gas = plan.gas_limit if isinstance(plan, LiquidationPlan) else 0
        return decide(plan, tariff.cost_x18(gas, block), free_x18, self.limits)

    def _free_capital_x18(self, evaluator: Evaluator[Any, Any], found: Findings[Any]) -> int:
        """The executor's margin not needed for what it holds; while observing without an executor nothing limits."""
        if self.executor is None:
            return _UNLIMITED_X18
        return evaluator.venue.free_capital(self.executor, evaluator.book, found.basis)


def nobody_barred(_: AccountKey) -> Skip | None:
    """For replay and explanations: nothing but the plan decides."""
    return None


IN_FLIGHT = Skip(SkipReason.IN_FLIGHT)
COOLING_DOWN = Skip(SkipReason.COOLING_DOWN)
