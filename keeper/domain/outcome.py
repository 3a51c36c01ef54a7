"""What became of a candidate: simulated and sent. All of these are values; losing a race is not an error."""

from dataclasses import dataclass
from typing import TypeAlias

from keeper.domain.chain import BlockRef, Hash32, RawLog
from keeper.domain.money import Usd18


@dataclass(frozen=True, slots=True)
class SimSettled:
    """The plan went through on the fork. `change` is the change of the executor's worth; gas is in units, not in ETH.

    `parts`, of a batch: what became of each of its plans, in order; `change` is then their sum."""

    change: Usd18
    gas_used: int
    logs: tuple[RawLog, ...]
    duration_ms: float
    parts: "tuple[SimOutcome, ...]" = ()


@dataclass(frozen=True, slots=True)
class SimReverted:
    """The plan reverted; `data` is the revert payload for the venue to name."""

    data: bytes
    gas_used: int
    duration_ms: float


SimOutcome: TypeAlias = SimSettled | SimReverted


@dataclass(frozen=True, slots=True)
class Included:
    """Our transaction is in a block and did what it should."""

    transaction_hash: Hash32
    block: BlockRef
    gas_used: int
    gas_cost_wei: int
    logs: tuple[RawLog, ...]


@dataclass(frozen=True, slots=True)
class Reverted:
    """Our transaction is in a block and reverted; gas was paid. `data` is the revert payload where the node could tell it."""

    transaction_hash: Hash32
    block: BlockRef
    gas_used: int
    gas_cost_wei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Outbid:
    """Somebody else liquidated the account before our transaction landed; ours reverted or was replaced by a cheap cancellation."""

    transaction_hash: Hash32
    block: BlockRef
    gas_used: int
    gas_cost_wei: int
    liquidator: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """What our transaction should do is not done by it and never will be. `block` holds the one that took its place at the nonce, None when
    none did. Its own cancellation is named by `transaction_hash` and paid for here; otherwise it cost nothing."""

    transaction_hash: Hash32
    reason: str
    gas_used: int = 0
    gas_cost_wei: int = 0
    block: BlockRef | None = None


Outcome: TypeAlias = Included | Reverted | Outbid | Dropped
