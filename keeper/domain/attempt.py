"""One transaction of ours: what it is for, what was signed, what became of it."""

from dataclasses import dataclass

from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Outcome
from keeper.domain.venue import AccountKey


@dataclass(frozen=True, slots=True)
class Job:
    """A transaction to send: what for, to whom, with how much gas, and the most it may cost (wei) however often it is bumped."""

    candidate_id: CandidateId
    venue: str
    account: AccountKey
    block: BlockRef
    to: Address
    calldata: bytes
    gas_limit: int
    budget_wei: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction in the outbox."""

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


@dataclass(frozen=True, slots=True)
class Settled:
    """An attempt and what became of it."""

    attempt: Attempt
    outcome: Outcome
