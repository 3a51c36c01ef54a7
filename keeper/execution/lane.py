"""One key's nonces: which one a job gets, with which fees, within budget and caps. Whatever is signed is in the outbox first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Job, Part
from keeper.domain.chain import Address, BlockRef
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees, bump, offer, toward_market, with_room
from keeper.execution.dispatcher_options import DispatcherOptions
from keeper.execution.draft import Draft
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import UNDECIDED, JobState, NonceSlot, OutboxJob, OutboxTransaction, Purpose
from keeper.execution.signer import Signed, Unsigned
from keeper.execution.spending import Purse, Spending

OWN_LANE = "lane"
"""Stands for the venue of transactions that only keep the nonces in order."""
_NOBODY = frozenset[AccountRef]()


class Lane:
    """Drafts what is to be signed, and writes what was signed; sends nothing. Every draft is made by the outbox as it is.

    `used`: the nonces below it are used up, as far as that is proven by the keeper's own receipts, or agreed by the endpoints and explained
    by its signed transactions. A higher count is only a claim."""

    def __init__(self, options: DispatcherOptions, sender: Address, outbox: Outbox, clock: Callable[[], float], purse: Purse) -> None:
        self._options = options
        self._sender = sender
        self._outbox = outbox
        self._clock = clock
        self.spending = Spending(options, outbox, self.now_us, self._reachable, purse)
        self.used = 0
        self._begun_at = 0
        self._worth_wei: dict[AccountRef, int] = {}

    def begin(self, count: int) -> None:
        """Where an outbox without any mined nonce begins: the account's count at start."""
        self._begun_at = count
        self.heed(count)

    def heed(self, count: int) -> None:
        """The endpoints agree on this count of used nonces. A count below what receipts prove is false, and one above the signed nonces
        needs a transaction as evidence."""
        proven_count = self._outbox.proven()
        floor = min(self._begun_at, count) if proven_count is None else proven_count
        if proven_count is not None and count < proven_count:
            # An outbox of an earlier version may have gaps below a mined nonce; where it has none, the count is false.
            floor = min(proven_count, max(count, self._outbox.first_unsigned(self._outbox.lowest())))
        self.used = max(floor, min(count, self._outbox.first_unsigned(floor)))
        if count <= self.used:
            self._outbox.regain(self.used)

    def next_nonce(self) -> int:
        """The lowest nonce without a signed transaction: a gap, or the one after the last."""
        return self._outbox.first_unsigned(self.used)

    def unsigned_nonces(self, end: int) -> Iterator[int]:
        """Those below `end` that can be filled, in order."""
        nonce = self.next_nonce()
        while nonce < end:
            yield nonce
            nonce = self._outbox.first_unsigned(nonce + 1)

    def enqueue(self, job: Job, fees: Fees) -> Draft | None:
        """A new job. None when it may not be sent: its candidate is in flight or settled, or budget, caps or kill switch forbid it.

        A vacant nonce is used before a fresh one, at fees above all transactions signed for it."""
        slots = self._outbox.slots()
        for slot in self._places(job, slots):
            job_fees = self._above(slot, fees)
            nonce = slot.nonce if slot is not None else self.next_nonce()
            if job_fees is None or not self._allowed(slots, nonce, job, job_fees):
                continue
            for part in job.parts:
                self._worth_wei.pop(part.key, None)
            unsigned = self._unsigned(nonce, job.to, job.calldata, job.gas_limit, job_fees)
            return Draft(unsigned, job, Purpose.JOB, slot.newest.hash if slot is not None else None, job.block.number)
        return None

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the gas of the venue's open jobs may cost as of its newest block, by account; in place of what was said before."""
        others = {key: worth for key, worth in self._worth_wei.items() if key[0] != venue}
        self._worth_wei = {**others, **{(venue, account): worth for account, worth in worth_wei.items()}}

    def raise_fees(self, newest: OutboxTransaction, base_fee_wei: int, head_number: int) -> Draft | None:
        """The open job at the nonce of `newest`, at the tip that others pay, at least as high as pools ask of a replacement. None when what
        the job is worth by now, caps or kill switch forbid it, or `newest` is so no more."""
        slots = self._outbox.slots()
        slot = _slot_of(newest, slots)
        open_job = slot.open_job if slot is not None else None
        if open_job is None:
            return None
        job = self._at_worth(open_job.job)
        cap = min(self._options.max_fee_cap_wei, job.budget_wei // job.gas_limit)
        minimum = bump(newest.fees, base_fee_wei, cap, self._options.bump_percent)
        if minimum is None:
            return None
        for fees in (toward_market(minimum, base_fee_wei, self._options.market_tip_wei(), cap), minimum):
            if self._allowed(slots, newest.nonce, job, fees):
                unsigned = self._unsigned(newest.nonce, job.to, job.calldata, job.gas_limit, fees)
                return Draft(unsigned, open_job.id, Purpose.JOB, newest.hash, head_number)
        return None

    def cancel(self, newest: OutboxTransaction, head: BlockRef) -> Draft | None:
        """A self-transfer that uses up the vacant nonce of `newest`. None when the caps forbid it, or it is so no more."""
        slots = self._outbox.slots()
        slot = _slot_of(newest, slots)
        if slot is None or not slot.vacant:
            return None
        cap, gas = self._options.max_fee_cap_wei, self._options.cancel_gas
        minimum = bump(_highest(slot.transactions), head.base_fee_wei, cap, self._options.bump_percent)
        if minimum is None:
            return None
        fees = with_room(minimum, head.base_fee_wei, cap)
        accounts = self._outbox.job(newest.job_id).accounts
        if not self._within_caps(slots, slot.nonce, accounts, self.spending.cost_wei(gas * fees.max_fee_wei)):
            return None
        unsigned = self._unsigned(slot.nonce, self._sender, b"", gas, fees)
        return Draft(unsigned, newest.job_id, Purpose.CANCEL, newest.hash, head.number)

    def fill(self, nonce: int, head: BlockRef, tip_wei: int) -> Draft | None:
        """A self-transfer for the lowest nonce without a transaction, as a job of its own. None when the caps forbid it, or another nonce
        is the lowest."""
        fees = offer(head.base_fee_wei, tip_wei, self._options.max_fee_cap_wei)
        gas = self._options.cancel_gas
        if nonce != self.next_nonce() or fees is None:
            return None
        if not self._within_caps(self._outbox.slots(), nonce, _NOBODY, self.spending.cost_wei(gas * fees.max_fee_wei)):
            return None
        part = Part(CandidateId(f"nonce-{nonce}-{head.hash[2:10]}"), OWN_LANE, AccountKey(self._sender))
        job = Job((part,), head, self._sender, b"", gas, gas * self._options.max_fee_cap_wei)
        return Draft(self._unsigned(nonce, self._sender, b"", gas, fees), job, Purpose.JOB, None, head.number)

    def move(self, stale: OutboxTransaction) -> Draft | None:
        """The open job of `stale` at a fresh nonce, after an earlier transaction of this account turned out to have used up its own."""
        slots = self._outbox.slots()
        slot = next((slot for slot in slots if slot.nonce == stale.nonce), None)
        job = slot.open_job if slot is not None else None
        nonce = self.next_nonce()
        if job is None or job.id != stale.job_id or not self._allowed(slots, nonce, job.job, stale.fees):
            return None
        unsigned = self._unsigned(nonce, job.job.to, job.job.calldata, job.job.gas_limit, stale.fees)
        return Draft(unsigned, job.id, Purpose.JOB, stale.hash, stale.head_number)

    def write(self, draft: Draft, envelope: Signed) -> OutboxTransaction:
        """The signed draft into the outbox: from here on it may be broadcast."""
        if isinstance(draft.job, Job):
            return self._outbox.add(draft.job, envelope, draft.replaces, draft.head_number, self.now_us())
        row = OutboxTransaction(
            hash=envelope.hash,
            job_id=draft.job,
            purpose=draft.purpose,
            nonce=envelope.unsigned.nonce,
            raw=envelope.raw,
            fees=envelope.unsigned.fees,
            gas_limit=envelope.unsigned.gas_limit,
            replaces=draft.replaces,
            signed_at_us=self.now_us(),
            head_number=draft.head_number,
        )
        self._outbox.add_transaction(row)
        return row

    def now_us(self) -> int:
        """Unix time in microseconds."""
        return int(self._clock() * 10**6)

    def _places(self, job: Job, slots: Sequence[NonceSlot]) -> Iterator[NonceSlot | None]:
        """Where a job may go, best first; None is a fresh nonce."""
        open_slots = {slot.nonce: slot for slot in slots if slot.winner is None}
        prior_jobs = [prior for part in job.parts for prior in self._outbox.jobs_of(part.candidate_id)]
        if any(prior.state in (JobState.OPEN, JobState.INCLUDED) for prior in prior_jobs):
            return
        # An earlier transaction of a candidate that may still be mined must be replaced, or the candidate could be executed twice.
        predecessors = [open_slots[nonce] for nonce in {prior.nonce for prior in prior_jobs} & open_slots.keys()]
        if predecessors:
            yield from predecessors if len(predecessors) == 1 and predecessors[0].vacant else ()
            return
        # Transactions behind a gap cannot be mined before the gap is filled: this job fills it.
        vacant = [slot for slot in open_slots.values() if slot.vacant and self.used <= slot.nonce < self.next_nonce()]
        yield from sorted(vacant, key=lambda slot: not any(_same_account(predecessor, job) for predecessor in slot.jobs))
        yield None

    def _above(self, slot: NonceSlot | None, fees: Fees) -> Fees | None:
        """`fees`, or more where a transaction that may be in a pool must be replaced. None above the cap."""
        cap = self._options.max_fee_cap_wei
        if slot is not None:
            # Also above transactions that every node refused: equal fees could result in the identical transaction.
            floor = bump(_highest(slot.transactions), 0, cap, self._options.bump_percent)
            if floor is None:
                return None
            fees = Fees(max(fees.max_fee_wei, floor.max_fee_wei), max(fees.priority_fee_wei, floor.priority_fee_wei))
        return fees if fees.max_fee_wei <= cap else None

    def _at_worth(self, job: Job) -> Job:
        """The job with the budget that its parts are worth by now; unchanged where of one nothing was said since it was sent."""
        worths_wei = [self._worth_wei[part.key] for part in job.parts if part.key in self._worth_wei]
        return replace(job, budget_wei=sum(worths_wei)) if len(worths_wei) == len(job.parts) else job

    def _allowed(self, slots: Sequence[NonceSlot], nonce: int, job: Job, fees: Fees) -> bool:
        gas_cost_wei = job.gas_limit * fees.max_fee_wei
        if self._options.halt() or job.gas_limit > self._options.max_gas_limit or gas_cost_wei > job.budget_wei:
            return False
        cost_wei = self.spending.cost_wei(gas_cost_wei, job.calldata, job.value_wei)
        return self._within_caps(slots, nonce, job.accounts, cost_wei)

    def _within_caps(self, slots: Sequence[NonceSlot], nonce: int, accounts: frozenset[AccountRef], cost_wei: int) -> bool:
        """Nonces behind a gap cannot be mined until it is closed."""
        reach = self._outbox.first_unsigned(self.used)
        if reach == nonce:
            reach = self._outbox.first_unsigned(nonce + 1)
        reachable = [slot for slot in slots if slot.winner is None and slot.nonce < reach]
        return self.spending.allows(reachable, nonce, accounts, cost_wei)

    def _reachable(self) -> Sequence[NonceSlot]:
        """The nonces at which something can be mined now."""
        reach = self._outbox.first_unsigned(self.used)
        return [slot for slot in self._outbox.slots() if slot.winner is None and slot.nonce < reach]

    def _unsigned(self, nonce: int, to: Address, calldata: bytes, gas_limit: int, fees: Fees) -> Unsigned:
        return Unsigned(self._options.chain_id, nonce, to, calldata, gas_limit, fees)


def _slot_of(newest: OutboxTransaction, slots: Sequence[NonceSlot]) -> NonceSlot | None:
    """The nonce of a transaction that is still the one signed last for it, while nothing is mined at it."""
    return next((slot for slot in slots if slot.nonce == newest.nonce and slot.winner is None and slot.newest.hash == newest.hash), None)


def _highest(transactions: Sequence[OutboxTransaction]) -> Fees:
    """What a replacement must beat: pools compare both figures."""
    return Fees(
        max(transaction.fees.max_fee_wei for transaction in transactions),
        max(transaction.fees.priority_fee_wei for transaction in transactions),
    )


def _same_account(other: OutboxJob, job: Job) -> bool:
    return other.state in UNDECIDED and any(part.key in other.accounts for part in job.parts)
