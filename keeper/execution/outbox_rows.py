"""The rows of the outbox, and the state of a nonce they amount to."""

from dataclasses import dataclass
from enum import StrEnum

from keeper.domain.account import AccountRef
from keeper.domain.attempt import Attempt, Job
from keeper.domain.chain import Address, Hash32
from keeper.domain.fees import Fees


class Purpose(StrEnum):
    """What a transaction is for."""

    JOB = "job"
    CANCEL = "cancel"


class JobState(StrEnum):
    """OPEN: to be mined. GIVEN_UP: its transactions may still be mined, but another job may take the nonce. INCLUDED and REVERTED: it
    is in a block. SUPERSEDED: another transaction at its nonce is in a block. DROPPED: it has its outcome, whatever becomes of any
    block."""

    OPEN = "open"
    GIVEN_UP = "given up"
    INCLUDED = "included"
    REVERTED = "reverted"
    SUPERSEDED = "superseded"
    DROPPED = "dropped"


UNDECIDED = frozenset({JobState.OPEN, JobState.GIVEN_UP})
"""States in which a block may still take one of the job's transactions."""


@dataclass(frozen=True, slots=True)
class OutboxJob:
    """A job with its row. `rivals`, part by part: who liquidated its account before the job could, None where nobody is known to have.
    `reported`: the lake has its outcome, or there is none yet."""

    id: int
    job: Job
    nonce: int
    state: JobState
    reason: str
    rivals: tuple[str | None, ...]
    reported: bool

    @property
    def accounts(self) -> frozenset[AccountRef]:
        """(venue, account) of all it is for."""
        return self.job.accounts


@dataclass(frozen=True, slots=True)
class OutboxTransaction:
    """A signed transaction with its row. `head_number`: the newest block when it was signed."""

    hash: Hash32
    job_id: int
    purpose: Purpose
    nonce: int
    raw: bytes
    fees: Fees
    gas_limit: int
    replaces: Hash32 | None
    signed_at_us: int
    head_number: int

    @property
    def worst_cost_wei(self) -> int:
        """What it costs when it uses all its gas at its highest price."""
        return self.gas_limit * self.fees.max_fee_wei


@dataclass(frozen=True, slots=True)
class NonceSlot:
    """Everything about one nonce that is not final. `transactions` in the order of signing; `winner` is the mined one."""

    nonce: int
    transactions: tuple[OutboxTransaction, ...]
    jobs: tuple[OutboxJob, ...]
    winner: Hash32 | None
    block_number: int | None
    block_hash: Hash32 | None

    @property
    def newest(self) -> OutboxTransaction:
        """The one signed last."""
        return self.transactions[-1]

    @property
    def open_job(self) -> OutboxJob | None:
        """The job that has the nonce now; None when it is vacant."""
        return next((job for job in self.jobs if job.state is JobState.OPEN), None)

    @property
    def vacant(self) -> bool:
        """True when no job needs the nonce and nothing is mined at it yet."""
        return self.winner is None and self.open_job is None

    @property
    def worst_cost_wei(self) -> int:
        """The most this nonce can cost while nothing is mined at it."""
        return max(transaction.worst_cost_wei for transaction in self.transactions)

    def of_job(self, job_id: int) -> tuple[OutboxTransaction, ...]:
        """The transactions at this nonce that do the job, in the order of signing."""
        return tuple(item for item in self.transactions if item.job_id == job_id and item.purpose is Purpose.JOB)


def attempts_of(job: OutboxJob, transaction: OutboxTransaction, sender: Address) -> tuple[Attempt, ...]:
    """The engine's view of a signed transaction: an attempt for each of the job's parts."""
    return tuple(
        Attempt(
            candidate_id=part.candidate_id,
            venue=part.venue,
            account=part.account,
            block=job.job.block,
            transaction_hash=transaction.hash,
            sender=sender,
            nonce=transaction.nonce,
            fees=transaction.fees,
            gas_limit=transaction.gas_limit,
            replaces=transaction.replaces,
            sent_at_us=transaction.signed_at_us,
        )
        for part in job.job.parts
    )
