"""One key's nonces: which one a job gets, with which fees, within budget and caps. Everything signed here is in the outbox first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Job
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees, bump, offer, toward_market, with_room
from keeper.execution.dispatcher_options import DispatcherOptions
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import UNDECIDED, JobState, NonceSlot, OutboxJob, OutboxTransaction, Purpose
from keeper.execution.signer import Signed, Signer, Unsigned

DAY_US = 86_400 * 10**6
OWN_LANE = "lane"
"""Stands for the venue of transactions that only keep the nonces in order."""


class Lane:
    """Signs and writes; sends nothing. `used`: the nonces below it are used up, as far as that is proven by the keeper's own receipts, or
    agreed by the endpoints and explained by its signed transactions. A higher count is only a claim."""

    def __init__(self, options: DispatcherOptions, signer: Signer, outbox: Outbox, clock: Callable[[], float]) -> None:
        self._options = options
        self._signer = signer
        self._outbox = outbox
        self._clock = clock
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

    def enqueue(self, job: Job, fees: Fees) -> OutboxTransaction | None:
        """Sign a new job. None when it may not be sent: its candidate is in flight or settled, or budget or caps forbid it.

        A vacant nonce is used before a fresh one, at fees above all transactions signed for it."""
        slots = self._outbox.slots()
        for slot in self._places(job, slots):
            job_fees = self._above(slot, fees)
            nonce = slot.nonce if slot is not None else self.next_nonce()
            if job_fees is None or not self._allowed(slots, nonce, job, job_fees):
                continue
            self._worth_wei.pop((job.venue, job.account), None)
            envelope = self._sign(nonce, job.to, job.calldata, job.gas_limit, job_fees)
            return self._outbox.add(job, envelope, slot.newest.hash if slot is not None else None, job.block.number, self.now_us())
        return None

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the gas of the venue's open jobs may cost as of its newest block, by account; in place of what was said before."""
        others = {key: worth for key, worth in self._worth_wei.items() if key[0] != venue}
        self._worth_wei = {**others, **{(venue, account): worth for account, worth in worth_wei.items()}}

    def raise_fees(self, slot: NonceSlot, job: OutboxJob, base_fee_wei: int, head_number: int) -> OutboxTransaction | None:
        """Sign an open job again at its nonce: at the tip that others pay, at least as high as pools ask of a replacement. None when what
        the job is worth by now, or the caps, forbid it."""
        at_worth = self._at_worth(job.job)
        cap = min(self._options.max_fee_cap_wei, at_worth.budget_wei // at_worth.gas_limit)
        minimum = bump(slot.newest.fees, base_fee_wei, cap, self._options.bump_percent)
        if minimum is None:
            return None
        slots = self._outbox.slots()
        for fees in (toward_market(minimum, base_fee_wei, self._options.market_tip_wei(), cap), minimum):
            if self._allowed(slots, slot.nonce, at_worth, fees):
                envelope = self._sign(slot.nonce, job.job.to, job.job.calldata, job.job.gas_limit, fees)
                return self._write(envelope, job.id, Purpose.JOB, slot.newest.hash, head_number)
        return None

    def cancel(self, slot: NonceSlot, head: BlockRef) -> OutboxTransaction | None:
        """Sign a self-transfer that uses up a vacant nonce. None when the caps forbid it."""
        cap, gas = self._options.max_fee_cap_wei, self._options.cancel_gas
        minimum = bump(_highest(slot.transactions), head.base_fee_wei, cap, self._options.bump_percent)
        if minimum is None:
            return None
        fees = with_room(minimum, head.base_fee_wei, cap)
        if not self._within_cap(self._outbox.slots(), slot.nonce, gas * fees.max_fee_wei):
            return None
        envelope = self._sign(slot.nonce, self._signer.address, b"", gas, fees)
        return self._write(envelope, slot.newest.job_id, Purpose.CANCEL, slot.newest.hash, head.number)

    def fill(self, nonce: int, head: BlockRef, tip_wei: int) -> OutboxTransaction | None:
        """Sign a self-transfer for a nonce without a transaction, as a job of its own. None when the caps forbid it."""
        fees = offer(head.base_fee_wei, tip_wei, self._options.max_fee_cap_wei)
        gas = self._options.cancel_gas
        if fees is None or not self._within_cap(self._outbox.slots(), nonce, gas * fees.max_fee_wei):
            return None
        sender = self._signer.address
        name, budget = CandidateId(f"nonce-{nonce}-{head.hash[2:10]}"), gas * self._options.max_fee_cap_wei
        job = Job(name, OWN_LANE, AccountKey(sender), head, sender, b"", gas, budget)
        return self._outbox.add(job, self._sign(nonce, sender, b"", gas, fees), None, head.number, self.now_us())

    def move(self, job: OutboxJob, stale: OutboxTransaction) -> OutboxTransaction | None:
        """Sign an open job for a fresh nonce, after an earlier transaction of this account turned out to have used up its own."""
        nonce = self.next_nonce()
        if not self._allowed(self._outbox.slots(), nonce, job.job, stale.fees):
            return None
        envelope = self._sign(nonce, job.job.to, job.job.calldata, job.job.gas_limit, stale.fees)
        return self._write(envelope, job.id, Purpose.JOB, stale.hash, stale.head_number)

    def now_us(self) -> int:
        """Unix time in microseconds."""
        return int(self._clock() * 10**6)

    def _places(self, job: Job, slots: Sequence[NonceSlot]) -> Iterator[NonceSlot | None]:
        """Where a job may go, best first; None is a fresh nonce."""
        open_slots = {slot.nonce: slot for slot in slots if slot.winner is None}
        prior_jobs = self._outbox.jobs_of(job.candidate_id)
        if any(prior.state in (JobState.OPEN, JobState.INCLUDED) for prior in prior_jobs):
            return
        # An earlier transaction of this candidate that may still be mined must be replaced, or the candidate could be executed twice.
        predecessors = [open_slots[prior.nonce] for prior in prior_jobs if prior.nonce in open_slots]
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
        """The job with the budget that its worth allows by now; unchanged where nothing was said of it since it was sent."""
        return replace(job, budget_wei=self._worth_wei.get((job.venue, job.account), job.budget_wei))

    def _allowed(self, slots: Sequence[NonceSlot], nonce: int, job: Job, fees: Fees) -> bool:
        cost = job.gas_limit * fees.max_fee_wei
        if job.gas_limit > self._options.max_gas_limit or cost > job.budget_wei:
            return False
        return self._within_cap(slots, nonce, cost + self._options.data_fee_wei(job.calldata))

    def _within_cap(self, slots: Sequence[NonceSlot], nonce: int, cost_wei: int) -> bool:
        """Paid in the last 24 hours, plus the worst cost of every nonce that can be mined, must stay within the cap. Nonces behind a
        gap cannot be mined until it is closed."""
        reach = self._outbox.first_unsigned(self.used)
        if reach == nonce:
            reach = self._outbox.first_unsigned(nonce + 1)
        worst_costs_wei = {
            slot.nonce: slot.worst_cost_wei + self._worst_data_fee(slot) for slot in slots if slot.winner is None and slot.nonce < reach
        }
        worst_costs_wei[nonce] = max(worst_costs_wei.get(nonce, 0), cost_wei)
        spending = self._outbox.paid_since(self.now_us() - DAY_US)
        return spending + sum(worst_costs_wei.values()) <= self._options.spending_cap_wei_per_day

    def _worst_data_fee(self, slot: NonceSlot) -> int:
        return max((self._options.data_fee_wei(job.job.calldata) for job in slot.jobs), default=0)

    def _sign(self, nonce: int, to: Address, calldata: bytes, gas_limit: int, fees: Fees) -> Signed:
        return self._signer.sign(Unsigned(self._options.chain_id, nonce, to, calldata, gas_limit, fees))

    def _write(self, envelope: Signed, job_id: int, purpose: Purpose, replaces: Hash32, head_number: int) -> OutboxTransaction:
        row = OutboxTransaction(
            hash=envelope.hash,
            job_id=job_id,
            purpose=purpose,
            nonce=envelope.unsigned.nonce,
            raw=envelope.raw,
            fees=envelope.unsigned.fees,
            gas_limit=envelope.unsigned.gas_limit,
            replaces=replaces,
            signed_at_us=self.now_us(),
            head_number=head_number,
        )
        self._outbox.add_transaction(row)
        return row


def _highest(transactions: Sequence[OutboxTransaction]) -> Fees:
    """What a replacement must beat: pools compare both figures."""
    return Fees(
        max(transaction.fees.max_fee_wei for transaction in transactions),
        max(transaction.fees.priority_fee_wei for transaction in transactions),
    )


def _same_account(other: OutboxJob, job: Job) -> bool:
    return other.state in UNDECIDED and (other.job.venue, other.job.account) == (job.venue, job.account)
