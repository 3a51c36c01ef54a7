"""One transaction of ours: what it is for, what was signed, what became of it."""

from dataclasses import dataclass, field

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Outcome
from keeper.domain.stages import NOT_BEGUN, Stages
from keeper.domain.use import NOTHING, Use


@dataclass(frozen=True, slots=True)
class Part:
    """One candidate of a transaction, and what its plan takes of what all plans share."""

    candidate_id: CandidateId
    venue: str
    account: AccountKey
    use: Use = NOTHING

    @property
    def key(self) -> AccountRef:
        """Venue and account."""
        return (self.venue, self.account)


@dataclass(frozen=True, slots=True)
class Job:
    """A transaction to send: what for, to whom, with how much gas, and the most that may cost (wei) however often it is bumped.

    `parts` are its candidates: one, or those of a batch in its order, all of one `block`. `value_wei` is what the contract called pays of
    its own coin. `stages` are those passed so far; they do not outlive the process."""

    parts: tuple[Part, ...]
    block: BlockRef
    to: Address
    calldata: bytes
    gas_limit: int
    budget_wei: int
    value_wei: int = 0
    stages: Stages = NOT_BEGUN

    @property
    def accounts(self) -> frozenset[AccountRef]:
        """(venue, account) of all it is for."""
        return frozenset(part.key for part in self.parts)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction in the outbox, as far as it is for this candidate: a batch is an attempt for each of its own.

    `sent_at_us`: when it was signed, Unix microseconds; `stages` as in `Job`."""

    candidate_id: CandidateId
    venue: str
    account: AccountKey
    block: BlockRef
    transaction_hash: Hash32
    sender: Address
    nonce: int
    fees: Fees
    gas_limit: int
    replaces: Hash32 | None
    sent_at_us: int
    stages: Stages = field(default=NOT_BEGUN, compare=False)


@dataclass(frozen=True, slots=True)
class Settled:
    """An attempt and what became of it."""

    attempt: Attempt
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Decided:
    """A job with its outcome as the outbox has it: all its transactions, and what was mined at its nonce in which block (None where
    nothing was). `job_id` is the outbox's own."""

    job_id: int
    candidates: tuple[CandidateId, ...]
    transactions: frozenset[Hash32]
    winner: Hash32 | None
    block_hash: Hash32 | None

    @property
    def mined(self) -> bool:
        """True when the block took one of the job's own transactions."""
        return self.winner in self.transactions


@dataclass(frozen=True, slots=True)
class Payment:
    """A mined transaction of ours and what it cost, as the lake remembers it. `paid_at_us`: Unix time of its sending, microseconds."""

    nonce: int
    transaction_hash: Hash32
    block_number: int
    block_hash: Hash32
    cost_wei: int
    paid_at_us: int
