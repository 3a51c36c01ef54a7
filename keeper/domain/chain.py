"""What the chain says: blocks, logs, reads. Hex strings are lower case with 0x; amounts are plain integers."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, TypeAlias, TypeVar

Address = NewType("Address", str)
"""20 bytes as lower-case hex with 0x. One spelling only, so that it can be a dictionary key."""
Hash32 = NewType("Hash32", str)
"""32 bytes as lower-case hex with 0x."""
Timestamp = NewType("Timestamp", int)
"""Unix seconds, UTC, as in a block header."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block header as far as the daemon needs it. `gas_limit` is 0 where the header is told from memory, which does not keep it."""

    number: int
    hash: Hash32
    parent_hash: Hash32
    timestamp: Timestamp
    base_fee_wei: int = 0
    gas_limit: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RawLog:
    """One log, undecoded. `topics` holds up to four 32-byte words; the first is the event's signature."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: Hash32
    transaction_hash: Hash32
    log_index: int


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which logs to fetch: any of `addresses` and, where given, any of `topics` as first topic."""

    addresses: tuple[Address, ...]
    topics: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockAdded:
    """The next block of the canonical chain with its complete, ordered logs."""

    block: BlockRef
    logs: tuple[RawLog, ...]


@dataclass(frozen=True, slots=True)
class BlocksReverted:
    """Blocks above `ancestor` are orphaned. `orphaned` is ordered from the newest down."""

    ancestor: BlockRef
    orphaned: tuple[BlockRef, ...]


@dataclass(frozen=True, slots=True)
class BlockFinalised:
    """Nothing at or below `block` will be reverted."""

    block: BlockRef


ChainEvent: TypeAlias = BlockAdded | BlocksReverted | BlockFinalised


@dataclass(frozen=True, slots=True)
class Call:
    """One `eth_call`: a contract and its calldata."""

    to: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call returned; `data` is the revert payload when `success` is false."""

    success: bool
    data: bytes


Reads: TypeAlias = Generator[Sequence[Call], Sequence[CallResult], T]
"""A question in several rounds: yields a batch of calls, is sent their results in order, returns a T.
The shell runs each batch pinned to one block hash, so the asker does no I/O and cannot see two blocks at once."""


class Purpose(StrEnum):
    """What an endpoint is asked for: the newest block; logs and state of a block; transactions, their nonces and receipts; simulations;
    ranges of history."""

    HEAD = "head"
    READ = "read"
    SEND = "send"
    FORK = "fork"
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class Tally:
    """HTTP requests sent, and JSON-RPC calls inside them. Those that failed count too."""

    requests: int = 0
    calls: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.requests + other.requests, self.calls + other.calls)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.requests - other.requests, self.calls - other.calls)


@dataclass(frozen=True, slots=True)
class Usage:
    """RPC counters since start, by purpose."""

    head: Tally = Tally()
    read: Tally = Tally()
    send: Tally = Tally()
    fork: Tally = Tally()
    logs: Tally = Tally()

    @property
    def following(self) -> Tally:
        """What following the chain and knowing every account took: heads, reads and ranges of history."""
        return self.head + self.read + self.logs

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.head + other.head, self.read + other.read, self.send + other.send, self.fork + other.fork, self.logs + other.logs)

    def since(self, before: "Usage") -> "Usage":
        """What was used after `before`."""
        return Usage(
            self.head - before.head, self.read - before.read, self.send - before.send, self.fork - before.fork, self.logs - before.logs
        )
