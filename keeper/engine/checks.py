"""Which decisions may be sent: those whose plans go through, tried in the very transactions that carry them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from keeper.domain.account import AccountRef
from keeper.domain.decision import Decision, Skip
from keeper.domain.outcome import SimOutcome, SimReverted
from keeper.domain.plan import LiquidationPlan
from keeper.domain.skip_reason import SkipReason
from keeper.engine.batch import Batch
from keeper.engine.cooldowns import Cooldowns
from keeper.engine.packing import Packing, measured
from keeper.engine.required_quotes import RequiredQuotes
from keeper.engine.trials import Trials, gross_profit


@dataclass(frozen=True, slots=True)
class Checked:
    """`batches` may be sent, in this order; `skips` is why the others may not."""

    batches: list[Batch] = field(default_factory=list)
    skips: dict[AccountRef, Skip] = field(default_factory=dict)


class Checks:
    """`required_quotes`, by venue: the signed prices that a plan reverted without. `settles_first`: also plans that the executor guards are
    settled on the fork before they are sent."""

    def __init__(
        self,
        trials: Trials,
        packing: Packing,
        cooldowns: Cooldowns,
        required_quotes: Mapping[str, RequiredQuotes],
        *,
        settles_first: bool,
    ) -> None:
        self._trials = trials
        self._packing = packing
        self._cooldowns = cooldowns
        self._required_quotes = required_quotes
        self._settles_first = settles_first

    async def check(self, decisions: Sequence[Decision]) -> Checked:
        """Of one block, the most urgent first. Raises as the simulator, and PriceUnavailable."""
        checked = Checked()
        for together in await self._called(decisions, checked.skips):
            for batch in self._packing.batches(together):
                passed = await self._settled(batch, checked.skips)
                if passed is not None:
                    checked.batches.append(passed)
                    for decision in passed.decisions:
                        self._cooldowns.passed(decision.key)
        return checked

    async def _called(self, decisions: Sequence[Decision], skips: dict[AccountRef, Skip]) -> Sequence[Sequence[Decision]]:
        """Those that pass the pre-check, grouped by the transaction they passed it in, with the gas they were measured to need.

        What reverts leaves no state, so that the others pass without it as they did with it. Plans are completed with signed prices where
        they revert for want of them, and all of them tried again. A batch that does not run as a whole is tried in halves."""
        while decisions:
            outcomes = await self._trials.call(self._packing.batch(decisions))
            if outcomes is None:
                middle = len(decisions) // 2
                return [*await self._called(decisions[:middle], skips), *await self._called(decisions[middle:], skips)]
            passed: list[Decision] = []
            completions = 0
            for decision, outcome in zip(decisions, outcomes, strict=True):
                if not isinstance(outcome, SimReverted):
                    passed.append(measured(decision, outcome.gas_used))
                    continue
                plan = await self._completed(decision, outcome.data)
                if plan is None:
                    skips[decision.key] = self._reverted(decision, SkipReason.PRE_CHECK_REVERTED, outcome)
                else:
                    passed.append(replace(decision, choice=replace(decision.liquidate, plan=plan)))
                    completions += 1
            if not completions:
                return [passed] if passed else []
            decisions = passed
        return []

    async def _completed(self, decision: Decision, revert: bytes) -> LiquidationPlan | None:
        quotes = self._required_quotes.get(decision.candidate.venue)
        return await quotes.completed(decision.plan, revert) if quotes is not None else None

    async def _settled(self, batch: Batch, skips: dict[AccountRef, Skip]) -> Batch | None:
        """What is left of it after the fork, unless that may be done afterwards; None where nothing is."""
        if batch.must_pay and not self._settles_first:
            # The pre-check ran the same code on the same state, guard included. The fork would add the gas really used, and some 100 ms.
            return batch
        while True:
            outcomes = await self._trials.fork(batch)
            objections = {
                decision.key: objection
                for decision, outcome in zip(batch.decisions, outcomes, strict=True)
                if (objection := self._objection(decision, outcome, batch)) is not None
            }
            if not objections:
                return batch
            skips |= objections
            rest = [decision for decision in batch.decisions if decision.key not in objections]
            if not rest:
                return None
            batch = self._packing.batch(rest)

    def _objection(self, decision: Decision, outcome: SimOutcome, batch: Batch) -> Skip | None:
        """Why not to go on after the settlement."""
        if isinstance(outcome, SimReverted):
            return self._reverted(decision, SkipReason.SIMULATION_REVERTED, outcome)
        calldata = batch.calldata if len(batch.decisions) == 1 else b""
        gas_cost = decision.gas_price.cost(outcome.gas_used, decision.candidate.block, calldata, decision.plan.value_wei)
        profit = gross_profit(decision.plan, outcome) - gas_cost
        if decision.must_pay and profit < self._packing.limits.min_profit:
            return Skip(SkipReason.SIMULATION_UNPROFITABLE, f"{profit.units:.2f} USD")
        return None

    def _reverted(self, decision: Decision, reason: SkipReason, outcome: SimReverted) -> Skip:
        self._cooldowns.reverted(decision.key, decision.candidate.block.number)
        return Skip(reason, self._trials.reason(decision, outcome))
