"""From decisions to the transaction that carries them out: one plan by itself, or several as a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from keeper.domain.chain import Address, Timestamp
from keeper.domain.decision import Decision, Limits, min_guard_change
from keeper.domain.fees import Fees, offer
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.sub_plan import SubPlan, batch_gas, measured_gas
from keeper.engine.batch import Batch
from keeper.engine.ports import BatchEncoder, Encoder

_PER_BLOCK = 4
"""Batches that a block holds at least."""


@dataclass(frozen=True, slots=True)
class Packing:
    """`block_seconds`: until the next block."""

    encode: Encoder
    encode_batch: BatchEncoder
    executor: Address
    limits: Limits
    block_seconds: int

    def batch(self, decisions: Sequence[Decision]) -> Batch:
        """All of them in one transaction, whatever gas that takes. It would run in the next block, or in a later one, where that is overdue
        and signed prices are of a later time already."""
        block = decisions[0].candidate.block
        calls = [call for decision in decisions for call in decision.plan.calls]
        at = max((Timestamp(block.timestamp + self.block_seconds), *(call.not_before for call in calls)))
        if len(decisions) == 1:
            venue, plan = decisions[0].candidate.venue, decisions[0].plan
            return Batch(tuple(decisions), self.executor, self.encode(venue, plan, self._guard(decisions[0])), plan.gas_limit, at)
        plans = [SubPlan(decision.candidate.venue, decision.plan, self._guard(decision)) for decision in decisions]
        return Batch(tuple(decisions), self.executor, self.encode_batch(plans), batch_gas([each.plan for each in plans]), at)

    def batches(self, decisions: Sequence[Decision]) -> Iterator[Batch]:
        """As few transactions as they fit into, in their order."""
        rest = tuple(decisions)
        while rest:
            count = self._fitting(rest)
            yield self.batch(rest[:count])
            rest = rest[count:]

    def budget_wei(self, batch: Batch, max_fee_wei: int) -> int:
        """The most the transaction's gas may cost: what its plans are worth, and at least its gas at the fee offered now."""
        return max(batch.gas_limit * max_fee_wei, sum(decision.worth_wei for decision in batch.decisions))

    def fees(self, decisions: Sequence[Decision]) -> Fees | None:
        """What one transaction for all of them offers: the mean of their tips by gas, so that their guards together ask back what it costs.
        None when even the present base fee is above the operator's highest."""
        gas = sum(decision.plan.gas_limit for decision in decisions)
        tips_wei = sum(decision.plan.gas_limit * decision.gas_price.priority_fee_wei for decision in decisions)
        return offer(decisions[0].candidate.block.base_fee_wei, tips_wei // gas, decisions[0].gas_price.max_fee_wei)

    def _fitting(self, decisions: Sequence[Decision]) -> int:
        """How many of them one transaction can carry, but always one. Within the chain's limit, and so small that the last one of a block
        leaves little of it empty: a transaction waits for the next block where its limit does not fit, whatever it would use."""
        block = decisions[0].candidate.block
        most = min(self.limits.max_gas, block.gas_limit // _PER_BLOCK) if block.gas_limit else self.limits.max_gas
        counts = range(len(decisions), 1, -1)
        return next((count for count in counts if batch_gas([each.plan for each in decisions[:count]]) <= most), 1)

    def _guard(self, decision: Decision) -> Usd18:
        """Asks gas and the wanted profit back."""
        if not decision.must_pay:
            return min_guard_change(decision.plan, ZERO_USD)
        plan, block = decision.plan, decision.candidate.block
        gas_cost = decision.gas_price.cost(plan.gas_limit, block, self._alone(decision), plan.value_wei)
        return min_guard_change(plan, self.limits.min_profit + gas_cost)

    def _alone(self, decision: Decision) -> bytes:
        """Calldata of the plan by itself, for its L1 data fee: without one nothing hangs on it."""
        return self.encode(decision.candidate.venue, decision.plan, ZERO_USD) if decision.gas_price.data_fee else b""


def measured(decision: Decision, gas_used: int) -> Decision:
    """The decision with no more gas than its plan was measured to need; as it is where it was not measured."""
    if not gas_used:
        return decision
    plan = replace(decision.plan, gas_limit=measured_gas(decision.plan, gas_used))
    return replace(decision, choice=replace(decision.liquidate, plan=plan))
