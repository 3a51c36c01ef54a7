"""From findings to decisions. Pure but for the book it reads: live and in replay it gives the same answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from keeper.domain.chain import Address, BlockRef
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import Candidate, CandidateId, Decision, Economics, Limits, Liquidate, Skip, candidate_id, crowded, decide
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.domain.venue import AccountKey, LiquidationPlan, NoPlan
from keeper.engine.evaluator import Breached, Evaluator, Findings
from keeper.engine.mailbox import Case, urgency_of
from keeper.engine.ports import Encoder
from keeper.engine.tariff import Tariff

_UNLIMITED_X18 = 1 << 255


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one breached account, planned on what `used` leaves. Without a `tariff` nothing is gone on with."""

    candidate: Candidate
    decision: Decision
    plan: LiquidationPlan | None
    urgency: tuple[int, int]
    tariff: Tariff | None
    used: Use = NOTHING

    @property
    def use(self) -> Use:
        """What it takes from the plans after it."""
        return self.decision.plan.use if isinstance(self.decision, Liquidate) else NOTHING

    def case(self) -> Case | None:
        """Something to work on, where the decision is to go on."""
        if self.tariff is None or not isinstance(self.decision, Liquidate):
            return None
        return Case(self.candidate, self.decision, self.urgency, self.tariff)


@dataclass(frozen=True, slots=True)
class Judge:
    """The operator's limits and the executor's means. `gas_coin_market` is the market whose index prices gas; `encode` makes the calldata
    an L1 data fee is charged for."""

    chain_id: int
    executor: Address | None
    limits: Limits
    gas_coin_market: str
    priority_fee_wei: int
    max_fee_wei: int
    encode: Encoder

    def tariff(self, evaluator: Evaluator, block: BlockRef, data_fee: DataFee | None = None) -> Tariff | None:
        """Gas at this block's index price on a venue; None where it has no such market, or no price."""
        for view in evaluator.venue.markets(evaluator.book, block.timestamp):
            if view.market == self.gas_coin_market and view.index_price_x18 > 0:
                return Tariff(self.priority_fee_wei, self.max_fee_wei, view.index_price_x18, data_fee)
        return None

    def verdicts(
        self,
        name: str,
        evaluator: Evaluator,
        found: Findings,
        tariff: Tariff | None,
        barred: Callable[[AccountKey], Skip | None],
        used: Use,
        at_work: Mapping[AccountKey, Use] = MappingProxyType({}),
    ) -> Sequence[Verdict]:
        """One per breached account, the most urgent first: each is planned on what those before it leave of the markets.

        `barred` says why an account may not be touched now, apart from its plan; `used` is what attempts under way will have taken,
        `at_work` included: the part of earlier blocks' cases that are not sent yet and are judged again here."""
        bench = _Bench(self, name, evaluator, found, tariff, self._free_capital_x18(evaluator, found))
        alone = sorted((bench.alone(breached, barred(breached.account)) for breached in found.breached), key=_urgency, reverse=True)
        verdicts = []
        for verdict in alone:
            others = used - at_work.get(verdict.candidate.account, NOTHING)
            verdicts.append(bench.after(verdict, others))
            used = others + verdicts[-1].use
        return verdicts

    def verdicts_after(
        self, name: str, evaluator: Evaluator, found: Findings, tariff: Tariff | None, used: Mapping[CandidateId, Use]
    ) -> Sequence[Verdict]:
        """The same where it is known what was used before each candidate (nothing where it is not named), and nobody is barred."""
        bench = _Bench(self, name, evaluator, found, tariff, self._free_capital_x18(evaluator, found))
        alone = [bench.alone(breached, None) for breached in found.breached]
        return [bench.after(verdict, used.get(verdict.candidate.id, NOTHING)) for verdict in alone]

    def unwinding(
        self,
        name: str,
        evaluator: Evaluator,
        found: Findings,
        tariff: Tariff | None,
        barred: Callable[[AccountKey], Skip | None],
        used: Use,
    ) -> Case | None:
        """Closing what the executor still holds after plans that take `used`, which no limit forbids."""
        plan = evaluator.unwind(found.basis, used)
        if plan is None or tariff is None or barred(plan.account):
            return None
        economics = Economics(plan.expected_reward_x18, plan.expected_cost_x18)
        candidate = self.candidate(name, plan.account, found.block)
        return Case(candidate, Liquidate(plan, economics), urgency_of(0, economics.profit_x18), tariff, unwind=True)

    def candidate(self, name: str, account: AccountKey, block: BlockRef) -> Candidate:
        """The account's candidate of this block."""
        return Candidate(candidate_id(self.chain_id, name, account, block), name, account, block)

    def _free_capital_x18(self, evaluator: Evaluator, found: Findings) -> int:
        """The executor's margin not needed for what it holds; while observing without an executor nothing limits."""
        if self.executor is None:
            return _UNLIMITED_X18
        return evaluator.venue.free_capital(self.executor, evaluator.book, found.basis)


@dataclass(frozen=True, slots=True)
class _Bench:
    """One block's breached accounts before the judge. `free_x18` is the executor's margin before any of the block's plans."""

    judge: Judge
    name: str
    evaluator: Evaluator
    found: Findings
    tariff: Tariff | None
    free_x18: int

    def alone(self, breached: Breached, bar: Skip | None) -> Verdict:
        """As if nobody else were breached."""
        decision, plan = self._decide(breached.account, NOTHING)
        profit = decision.economics.profit_x18 if isinstance(decision, Liquidate) else 0
        candidate = self.judge.candidate(self.name, breached.account, self.found.block)
        return Verdict(candidate, bar or decision, plan, urgency_of(self.found.block.number - breached.first_seen, profit), self.tariff)

    def after(self, verdict: Verdict, used: Use) -> Verdict:
        """The same account once plans that take `used` are carried out."""
        if not used or isinstance(verdict.decision, Skip):
            return verdict
        decision, plan = self._decide(verdict.candidate.account, used)
        return replace(verdict, decision=crowded(decision), plan=plan, used=used)

    def _decide(self, account: AccountKey, used: Use) -> tuple[Decision, LiquidationPlan | None]:
        plan = self.evaluator.plan(account, self.found.basis, used)
        if isinstance(plan, NoPlan):
            return decide(plan, 0, 0, self.judge.limits), None
        if self.tariff is None:
            return Skip(SkipReason.PRICE_UNAVAILABLE, f"of {self.judge.gas_coin_market}, which values gas"), plan
        # Without a data fee nothing hangs on the calldata, and making it takes time.
        calldata = self.judge.encode(self.name, plan, 0) if self.tariff.data_fee else b""
        cost = self.tariff.cost_x18(plan.gas_limit, self.found.block, calldata)
        return decide(plan, cost, self.free_x18 - used.capital_x18, self.judge.limits), plan


def _urgency(verdict: Verdict) -> tuple[int, int]:
    return verdict.urgency


IN_FLIGHT = Skip(SkipReason.IN_FLIGHT)
COOLING_DOWN = Skip(SkipReason.COOLING_DOWN)
HELD = Skip(SkipReason.VENUE_HELD)
