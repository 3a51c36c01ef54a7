"""What became of each candidate of a transaction that is in a block. Gas is paid once: every candidate has its share of it."""

from collections.abc import Sequence

from keeper.domain.attempt import Settled
from keeper.domain.chain import Address
from keeper.domain.outcome import Dropped, Included, Outbid, Outcome, Reverted
from keeper.domain.shares import shares
from keeper.execution.batch import PlanResult, batch_results
from keeper.execution.onchain_status import Mined
from keeper.execution.outbox_rows import OutboxJob, OutboxTransaction, Purpose, attempts_of


def outcomes_on(job: OutboxJob, mined: Mined) -> tuple[Outcome, ...]:
    """The job's own transaction is in a block. Gas is shared by what each plan was measured to use, what is around them alike."""
    receipt, results = mined.receipt, _results(job, mined)
    weights = [result.gas_used for result in results]
    gas_used, costs_wei = shares(receipt.gas_used, weights), shares(receipt.gas_cost_wei, weights)
    outcomes: list[Outcome] = []
    for result, rival, gas, cost_wei in zip(results, job.rivals, gas_used, costs_wei, strict=True):
        if result.succeeded:
            outcomes.append(Included(receipt.transaction_hash, mined.block, gas, cost_wei, result.logs))
        elif rival is not None:
            outcomes.append(Outbid(receipt.transaction_hash, mined.block, gas, cost_wei, rival))
        else:
            outcomes.append(Reverted(receipt.transaction_hash, mined.block, gas, cost_wei, result.reason))
    return tuple(outcomes)


def outcomes_without(job: OutboxJob, last: OutboxTransaction, mined: Mined) -> tuple[Outcome, ...]:
    """Another transaction of the keeper is in a block at the job's nonce; a cancellation's gas is the job's."""
    receipt = mined.receipt
    by_cancellation = mined.transaction.purpose is Purpose.CANCEL and mined.transaction.job_id == job.id
    gas_used, cost_wei = (receipt.gas_used, receipt.gas_cost_wei) if by_cancellation else (0, 0)
    name = receipt.transaction_hash if by_cancellation else last.hash
    by = "cancelled by" if mined.transaction.purpose is Purpose.CANCEL else "replaced by"
    reason = f"{job.reason or 'superseded'}; {by} {receipt.transaction_hash}"
    alike = [1] * len(job.rivals)
    return tuple(
        Dropped(name, reason, gas, cost, mined.block) if rival is None else Outbid(name, mined.block, gas, cost, rival)
        for rival, gas, cost in zip(job.rivals, shares(gas_used, alike), shares(cost_wei, alike), strict=True)
    )


def dropped(job: OutboxJob, last: OutboxTransaction, reason: str, sender: Address) -> list[Settled]:
    """Nothing the job was for is done, and no block has to do with it; `last` is its newest transaction."""
    return [Settled(attempt, Dropped(last.hash, reason)) for attempt in attempts_of(job, last, sender)]


def _results(job: OutboxJob, mined: Mined) -> Sequence[PlanResult]:
    """One per part: the executor says what became of each plan of a batch."""
    receipt, count = mined.receipt, len(job.job.parts)
    if not receipt.succeeded:
        return [PlanResult(reason=mined.payload)] * count
    if count == 1:
        return [PlanResult(succeeded=True, logs=receipt.logs)]
    return batch_results(receipt.logs, job.job.to, count)
