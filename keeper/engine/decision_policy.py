"""From a block's evaluation to decisions. Pure but for the book it reads: live and in replay it gives the same answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, BlockRef
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import (
    Candidate,
    CandidateId,
    Choice,
    Decision,
    Economics,
    Limits,
    Liquidate,
    Skip,
    candidate_id,
    crowded,
    decide,
    surplus_wei,
    urgency_of,
)
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.gas_price import GasPrice
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import LiquidationPlan, NoPlan
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.ports import Encoder

_UNLIMITED = Usd18(1 << 255)


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """The operator's limits and the executor's means. `gas_coin_market` is the market whose index prices gas, `fees` what is offered for
    it; `encode` makes the calldata an L1 data fee is charged for."""

    chain_id: int
    executor: Address | None
    limits: Limits
    gas_coin_market: str
    fees: FeePolicy
    encode: Encoder

    def gas_price(
        self, evaluator: Evaluator, block: BlockRef, data_fee: DataFee | None = None, market_tip_wei: int | None = None
    ) -> GasPrice | None:
        """Gas at this block's index price on a venue and at the tip that others pay; None where it has no such market, or no price."""
        for view in evaluator.venue.markets(evaluator.book, block.timestamp):
            if view.market == self.gas_coin_market and view.index_price_x18 > 0:
                tip_wei = self.fees.market_tip_wei(market_tip_wei)
                return GasPrice(tip_wei, self.fees.max_fee_wei, view.index_price_x18, data_fee)
        return None

    def decisions(
        self,
        name: str,
        evaluator: Evaluator,
        evaluation: BlockEvaluation,
        gas_price: GasPrice | None,
        blocked: Callable[[AccountKey], Skip | None],
        used: Use,
        at_work: Mapping[AccountKey, Use] = MappingProxyType({}),
    ) -> Sequence[Decision]:
        """One per account in breach, the most urgent first: each is planned on what those before it leave of the markets.

        `blocked` says why an account may not be touched now, apart from its plan; `used` is what attempts under way will have taken,
        `at_work` included: the part of earlier blocks' decisions that are not sent yet and are made anew here."""
        block_plans = self._block_plans(name, evaluator, evaluation, gas_price)
        alone = [block_plans.alone(account, blocked(account)) for account in evaluation.breaches]
        decisions: list[Decision] = []
        for decision in sorted(alone, key=lambda decision: decision.urgency, reverse=True):
            others = used - at_work.get(decision.candidate.account, NOTHING)
            decisions.append(block_plans.after(decision, others))
            used = others + decisions[-1].use
        return decisions

    def decisions_after(
        self,
        name: str,
        evaluator: Evaluator,
        evaluation: BlockEvaluation,
        gas_price: GasPrice | None,
        used: Mapping[CandidateId, Use],
    ) -> Sequence[Decision]:
        """The same where it is known what was used before each candidate (nothing where it is not named), and nobody is blocked."""
        block_plans = self._block_plans(name, evaluator, evaluation, gas_price)
        alone = [block_plans.alone(account, None) for account in evaluation.breaches]
        return [block_plans.after(decision, used.get(decision.candidate.id, NOTHING)) for decision in alone]

    def unwinding(
        self,
        name: str,
        evaluator: Evaluator,
        evaluation: BlockEvaluation,
        gas_price: GasPrice | None,
        blocked: Callable[[AccountKey], Skip | None],
        used: Use,
    ) -> Decision | None:
        """Closing what the executor still holds after plans that take `used`, which no limit forbids."""
        plan = evaluator.unwind(evaluation.basis, used)
        if plan is None or gas_price is None or blocked(plan.account):
            return None
        economics = Economics(plan.expected_reward, plan.expected_cost)
        candidate = self.candidate(name, plan.account, evaluation)
        worth = plan.gas_limit * gas_price.max_fee_wei
        return Decision(candidate, Liquidate(plan, economics, gas_price), urgency_of(0, economics.profit), unwind=True, worth_wei=worth)

    def candidate(self, name: str, account: AccountKey, evaluation: BlockEvaluation) -> Candidate:
        """The account's candidate of this evaluation."""
        block = evaluation.block
        return Candidate(candidate_id(self.chain_id, name, account, block, evaluation.quoted_at), name, account, block)

    def _block_plans(self, name: str, evaluator: Evaluator, evaluation: BlockEvaluation, gas_price: GasPrice | None) -> "_BlockPlans":
        return _BlockPlans(self, name, evaluator, evaluation, gas_price, self._free_capital(evaluator, evaluation))

    def _free_capital(self, evaluator: Evaluator, evaluation: BlockEvaluation) -> Usd18:
        """The executor's margin not needed for what it holds; nothing limits plans that take none, and whoever only observes."""
        if self.executor is None or not evaluator.venue.capabilities.needs_capital:
            return _UNLIMITED
        return evaluator.venue.free_capital(self.executor, evaluator.book, evaluation.basis)


@dataclass(frozen=True, slots=True)
class _BlockPlans:
    """Plans for one block's accounts in breach. `free_capital` is the executor's margin before any of them."""

    policy: DecisionPolicy
    name: str
    evaluator: Evaluator
    evaluation: BlockEvaluation
    gas_price: GasPrice | None
    free_capital: Usd18

    def alone(self, account: AccountKey, block: Skip | None) -> Decision:
        """As if nobody else were in breach; `block` is why it may not be touched."""
        choice, worth = self._choose(account, NOTHING)
        profit = choice.economics.profit if isinstance(choice, Liquidate) else ZERO_USD
        candidate = self.policy.candidate(self.name, account, self.evaluation)
        urgency = urgency_of(self.evaluation.block.number - self.evaluation.breaches[account], profit)
        choice = replace(block, plan=choice.plan) if block is not None else choice
        return Decision(candidate, choice, urgency, worth_wei=worth)

    def after(self, decision: Decision, used: Use) -> Decision:
        """The same account once plans that take `used` are carried out."""
        if not used or not decision.goes_on:
            return decision
        choice, worth = self._choose(decision.candidate.account, used)
        return replace(decision, choice=crowded(choice), used=used, worth_wei=worth)

    def _choose(self, account: AccountKey, used: Use) -> tuple[Choice, int]:
        """What to do about the account, and the most its gas may cost, wei."""
        plan = self.evaluator.plan(account, self.evaluation.basis, used)
        if isinstance(plan, NoPlan):
            return Skip(plan.reason, plan.detail), 0
        if self.gas_price is None:
            return Skip(SkipReason.PRICE_UNAVAILABLE, f"of {self.policy.gas_coin_market}, which values gas", plan=plan), 0
        # Without a data fee nothing hangs on the calldata, and making it takes time.
        calldata = self.policy.encode(self.name, plan, ZERO_USD) if self.gas_price.data_fee else b""
        surplus = surplus_wei(plan, self.gas_price, self.gas_price.charges(calldata, plan.value_wei), self.policy.limits)
        worth = surplus if plan.guarded else plan.gas_limit * self.gas_price.max_fee_wei
        gas_price = self._bid(plan, self.gas_price, surplus)
        gas_cost = gas_price.cost(plan.gas_limit, self.evaluation.block, calldata, plan.value_wei)
        return decide(plan, gas_price, gas_cost, self.free_capital - used.capital, self.policy.limits), worth

    def _bid(self, plan: LiquidationPlan, gas_price: GasPrice, surplus: int) -> GasPrice:
        """The price of gas with the tip that a plan with this surplus (wei) offers."""
        base_fee_wei, market_tip_wei = self.evaluation.block.base_fee_wei, gas_price.priority_fee_wei
        tip_wei = self.policy.fees.tip_wei(base_fee_wei, market_tip_wei, surplus // plan.gas_limit, guarded=plan.guarded)
        return replace(gas_price, priority_fee_wei=tip_wei)


IN_FLIGHT = Skip(SkipReason.IN_FLIGHT)
COOLING_DOWN = Skip(SkipReason.COOLING_DOWN)
HELD = Skip(SkipReason.VENUE_HELD)
