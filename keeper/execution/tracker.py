"""The next step of each nonce after a new head. Decides and writes to the outbox; signs nothing and sends nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from keeper.domain.attempt import Settled
from keeper.domain.chain import Address, BlockRef
from keeper.domain.fees import Fees, pays
from keeper.errors import NonceConflict
from keeper.execution.dispatcher_options import DispatcherOptions
from keeper.execution.draft import Drafting
from keeper.execution.lane import Lane
from keeper.execution.onchain_status import Mined, OnchainStatus
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import UNDECIDED, JobState, NonceSlot, OutboxJob, OutboxTransaction, Purpose, attempts_of
from keeper.execution.part_outcomes import dropped, outcomes_on, outcomes_without

_FILLED_AT_ONCE = 16
"""Self-transfers signed at one head: pools keep few transactions of an account."""


@dataclass(slots=True)
class TrackingResult:
    """The result of one head: outcomes to report, what is to be signed at which nonce, the fees of the raises among that, transactions
    whose block is gone, notes for the operator, and the use of a nonce by another program.

    What is not signed before the next head, for want of a signer, is drafted anew then."""

    settled: list[Settled] = field(default_factory=list)
    drafts: dict[int, Drafting] = field(default_factory=dict)
    raised: dict[int, Fees] = field(default_factory=dict)
    reopened: list[OutboxTransaction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    conflict: str | None = None


class Tracker:
    """Judges the nonces of one lane."""

    def __init__(self, options: DispatcherOptions, lane: Lane, outbox: Outbox, sender: Address) -> None:
        self._options = options
        self._lane = lane
        self._outbox = outbox
        self._sender = sender
        self._suspected_at: dict[int, list[int]] = {}
        self._gap: int | None = None
        self.reported_nonces: set[int] = set()
        """Nonces whose outcomes this process has reported."""

    def judge(self, status: OnchainStatus, head: BlockRef, started_at: int) -> TrackingResult:
        """Go through all nonces of `status`, in one commit. `started_at`: the newest block when this process began. Raises NonceConflict
        after the commit, so that a restart goes on behind it."""
        result = TrackingResult()
        with self._outbox.transaction():
            for slot in self._outbox.slots():
                self._judge(slot, status, head, result, started_at)
            self._lane.heed(status.used)
            self._yield_to_payers(head, result)
            self._clear_the_way(head, status, result)
            self._close_gaps(head, result)
        if result.conflict is not None:
            raise NonceConflict(f"{result.conflict}: somebody else is using the key of {self._sender}; give each keeper its own key")
        return result

    def _judge(self, slot: NonceSlot, status: OnchainStatus, head: BlockRef, result: TrackingResult, started_at: int) -> None:
        mined = status.mined.get(slot.nonce)
        if mined is not None:
            self._settle(slot, mined, result)
        elif slot.nonce in status.standing:
            self._finalise(slot, head)
        elif slot.nonce in status.gone:
            self._outbox.reopen(slot.nonce, head.number)
            self.reported_nonces.discard(slot.nonce)
            result.reopened += [transaction for transaction in slot.transactions if transaction.hash == slot.winner]
        elif slot.nonce in status.unclear or slot.nonce not in status.looked_at or slot.winner is not None:
            return
        elif slot.nonce < status.used:
            self._suspect(slot, status, head, result, started_at)
        else:
            self._suspected_at.pop(slot.nonce, None)
            self._urge(slot, head, status.used, result)

    def _finalise(self, slot: NonceSlot, head: BlockRef) -> None:
        if slot.block_number is not None and slot.block_number + self._options.final_after_blocks <= head.number:
            self._outbox.finalise(slot.nonce)
            self.reported_nonces.discard(slot.nonce)

    def _settle(self, slot: NonceSlot, mined: Mined, result: TrackingResult) -> None:
        unchanged = slot.winner == mined.transaction.hash and slot.block_hash == mined.block.hash
        if not unchanged:
            states = [(job.id, state) for job in slot.jobs if (state := _state_after(job, mined)) is not None]
            self._outbox.settle(mined.transaction, mined.block, self._paid_wei(mined), self._lane.now_us(), states)
            result.settled += self._outcomes(slot, mined, frozenset(job_id for job_id, _ in states))
        else:
            result.settled += self._outcomes(slot, mined, frozenset(job.id for job in slot.jobs if not job.reported))
        self.reported_nonces.add(slot.nonce)

    def _paid_wei(self, mined: Mined) -> int:
        """Gas, and what the contract has paid with its calls (nothing where it reverted)."""
        receipt, transaction = mined.receipt, mined.transaction
        if not receipt.succeeded or transaction.purpose is not Purpose.JOB:
            return receipt.gas_cost_wei
        return receipt.gas_cost_wei + self._outbox.job(transaction.job_id).job.value_wei

    def _outcomes(self, slot: NonceSlot, mined: Mined, jobs: frozenset[int]) -> list[Settled]:
        """The outcomes of these jobs of the nonce."""
        settled: list[Settled] = []
        for job in slot.jobs:
            if job.id not in jobs or job.state is JobState.DROPPED:
                continue
            own = mined.transaction.purpose is Purpose.JOB and job.id == mined.transaction.job_id
            last = mined.transaction if own else slot.of_job(job.id)[-1]
            attempts = attempts_of(job, last, self._sender)
            outcomes = outcomes_on(job, mined) if own else outcomes_without(job, last, mined)
            settled += [Settled(attempt, outcome) for attempt, outcome in zip(attempts, outcomes, strict=True)]
        return settled

    def _suspect(self, slot: NonceSlot, status: OnchainStatus, head: BlockRef, result: TrackingResult, started_at: int) -> None:
        """The nonce counts as used, without a transaction of the keeper in a block. Only the transaction that used it is evidence."""
        heads = self._suspected_at.setdefault(slot.nonce, [])
        if not heads or heads[-1] < head.number:
            heads.append(head.number)
        place = status.foreign.get(slot.nonce)
        if place is not None and len(heads) >= self._options.conflict_after_heads:
            reason = f"nonce {slot.nonce} was used by a transaction this keeper did not send ({place.transaction_hash})"
            if place.block.number > started_at:
                result.conflict = reason
                self._outbox.lose(slot.nonce, reason)
            else:
                self._lose(slot, f"{reason} before it started", result)
        elif len(heads) >= self._options.final_after_blocks:
            self._lose(slot, f"nonce {slot.nonce} is used up, by a transaction nobody shows", result)

    def _lose(self, slot: NonceSlot, reason: str, result: TrackingResult) -> None:
        """The key is not in use elsewhere now: the count this process began with was wrong."""
        self._outbox.lose(slot.nonce, reason)
        result.notes.append(reason)
        for job in slot.jobs:
            if job.state in UNDECIDED:
                last = slot.of_job(job.id)[-1]
                result.settled += dropped(job, last, reason, self._sender)

    def _urge(self, slot: NonceSlot, head: BlockRef, used: int, result: TrackingResult) -> None:
        """Nothing is mined at this nonce yet: raise the fees, or give up."""
        job = slot.open_job
        if job is None or head.number < slot.newest.head_number:
            # The engine may still be catching up on history.
            return
        transactions = slot.of_job(job.id)
        if None not in job.rivals:
            self._outbox.give_up(job.id, f"liquidated by {', '.join(dict.fromkeys(map(str, job.rivals)))}")
        elif head.number - transactions[0].head_number >= self._options.dropped_after_blocks:
            self._outbox.give_up(job.id, f"not in a block after {head.number - transactions[0].head_number} blocks")
        elif self._is_due(transactions, head, used):
            drafting = partial(self._lane.raise_fees, slot.newest, head.base_fee_wei, head.number)
            draft = drafting()
            if draft is not None:
                result.drafts[slot.nonce], result.raised[slot.nonce] = drafting, draft.unsigned.fees

    def _is_due(self, transactions: Sequence[OutboxTransaction], head: BlockRef, used: int) -> bool:
        """A transaction that does not pay its tip at the present base fee is due at once. One that does, at the lane's next nonce, is due
        after `bump_after_blocks`, at most `max_bumps` times."""
        newest = transactions[-1]
        if not pays(newest.fees, head.base_fee_wei):
            return True
        within_patience = head.number - newest.head_number < self._options.bump_after_blocks
        return newest.nonce == used and not within_patience and len(transactions) <= self._options.max_bumps

    def _yield_to_payers(self, head: BlockRef, result: TrackingResult) -> None:
        """A job that is not worth the present fee does not hold up those behind it that are: another job may take its nonce."""
        unmined_slots = [slot for slot in self._outbox.slots() if slot.winner is None and slot.nonce >= self._lane.used]
        open_jobs = [(slot, job) for slot in unmined_slots if (job := slot.open_job) is not None]
        payers = [slot.nonce for slot, _ in open_jobs if pays(result.raised.get(slot.nonce, slot.newest.fees), head.base_fee_wei)]
        for slot, job in open_jobs:
            if slot.nonce < max(payers, default=0) and slot.nonce not in payers:
                self._outbox.give_up(job.id, f"not worth the base fee of {head.base_fee_wei} wei")

    def _clear_the_way(self, head: BlockRef, status: OnchainStatus, result: TrackingResult) -> None:
        """Cancel vacant nonces that open jobs wait behind, and given-up ones that no job has taken over in as many blocks again."""
        slots = [slot for slot in self._outbox.slots() if slot.nonce in status.looked_at and slot.nonce >= status.used]
        last_open = max((slot.nonce for slot in self._outbox.slots() if slot.open_job is not None and slot.winner is None), default=-1)
        for slot in slots:
            if slot.vacant and slot.nonce not in status.unclear and self._in_the_way(slot, head, last_open):
                self._cancel(slot, head, result)

    def _cancel(self, slot: NonceSlot, head: BlockRef, result: TrackingResult) -> bool:
        """False when the caps forbid it."""
        drafting = partial(self._lane.cancel, slot.newest, head)
        if drafting() is None:
            return False
        result.drafts[slot.nonce] = drafting
        return True

    def _close_gaps(self, head: BlockRef, result: TrackingResult) -> None:
        """Nonces below waiting transactions without a signed transaction: a false count or an earlier version left them. New jobs take them
        first. The transactions behind them are out of date: given up, replaced, and then brought into reach by self-transfers."""
        behind = self._behind_gap()
        if not behind:
            return
        note = self.gap_note()
        result.notes += [note] if note is not None else []
        progress = False
        for slot in behind:
            job = slot.open_job
            if job is not None and head.number - slot.of_job(job.id)[0].head_number >= self._options.bump_after_blocks:
                self._outbox.give_up(job.id, f"it waits behind nonce {self._gap}, which nobody used")
                progress = True
            if job is None and slot.newest.purpose is not Purpose.CANCEL and slot.nonce not in result.drafts:
                progress |= self._cancel(slot, head, result)
        if not progress:
            self._fill_gaps(behind, head, result)

    def gap_note(self) -> str | None:
        """A note for the operator about a new gap."""
        gap = self._lane.next_nonce() if self._behind_gap() else None
        is_new, self._gap = gap is not None and self._gap is None, gap
        return f"nothing was signed for nonces from {gap} on, and transactions wait behind them: they are used first" if is_new else None

    def _behind_gap(self) -> Sequence[NonceSlot]:
        gap = self._lane.next_nonce()
        return [slot for slot in self._outbox.slots() if slot.winner is None and slot.nonce > gap]

    def _fill_gaps(self, behind: Sequence[NonceSlot], head: BlockRef, result: TrackingResult) -> None:
        tip = min(transaction.fees.priority_fee_wei for slot in behind for transaction in slot.transactions)
        for nonce in islice(self._lane.unsigned_nonces(behind[-1].nonce), _FILLED_AT_ONCE):
            result.drafts[nonce] = partial(self._lane.fill, nonce, head, tip)

    def _in_the_way(self, slot: NonceSlot, head: BlockRef, last_open: int) -> bool:
        """Whether to cancel; a cancellation that waits too long is replaced, too."""
        has_abandoned_job = any(job.state is JobState.GIVEN_UP for job in slot.jobs)
        if slot.newest.purpose is Purpose.CANCEL:
            overdue = head.number - slot.newest.head_number >= self._options.bump_after_blocks
            return (has_abandoned_job or slot.nonce < last_open) and (overdue or not pays(slot.newest.fees, head.base_fee_wei))
        age = head.number - slot.of_job(slot.newest.job_id)[0].head_number
        return slot.nonce < last_open or (has_abandoned_job and age >= 2 * self._options.dropped_after_blocks)


def _state_after(job: OutboxJob, mined: Mined) -> JobState | None:
    """A job's state once the block has taken `mined` at its nonce; None when that does not change its outcome."""
    if mined.transaction.purpose is Purpose.JOB and job.id == mined.transaction.job_id:
        return JobState.INCLUDED if mined.receipt.succeeded else JobState.REVERTED
    return JobState.SUPERSEDED if job.state in UNDECIDED else None
