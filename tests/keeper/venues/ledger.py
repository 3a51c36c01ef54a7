"""A blocking shell for a venue in tests: runs its questions on a node, applies its events block by block, compares with the contracts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from contracts.devnet.rpc import Rpc, RpcError
from keeper.domain import parse
from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Call, CallResult, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.venue import Book, Event, Venue

T = TypeVar("T")
B = TypeVar("B", bound=Book)


@dataclass(slots=True)
class VenueLedger(Generic[B]):
    """A venue's book kept in step with a node. `log_events` are those of the newest block, `kinds` counts all by their class."""

    rpc: Rpc
    venue: Venue
    book: B
    head: BlockRef | None = None
    log_events: list[tuple[RawLog, Event]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def begin(self, first: int) -> None:
        """Everything up to the present head, from block `first` on."""
        latest = self.block("latest")
        self.apply(self.run(self.venue.snapshot(), latest))
        self.catch_up(first, latest.number)

    def block(self, number: int | str) -> BlockRef:
        """A block header."""
        raw = self.rpc.call("eth_getBlockByNumber", number if isinstance(number, str) else hex(number), False)
        return BlockRef(
            number=parse.quantity(raw["number"]),
            hash=parse.hash32(raw["hash"]),
            parent_hash=parse.hash32(raw["parentHash"]),
            timestamp=Timestamp(parse.quantity(raw["timestamp"])),
        )

    def logs(self, block: BlockRef) -> list[RawLog]:
        """The claimed logs of one block, in order."""
        blocks = {"blockHash": block.hash}
        logs = [raw_log(item) for one in self.venue.filters() for item in self.rpc.call("eth_getLogs", criteria(one, blocks))]
        return sorted(logs, key=lambda log: log.log_index)

    def catch_up(self, first: int, last: int) -> set[AccountKey]:
        """Apply the logs of blocks, in order, and refresh at the last. Returns the accounts touched."""
        touched: set[AccountKey] = set()
        for number in range(first, last + 1):
            touched |= self.add(self.block(number))
        self.refresh()
        return touched

    def advance(self) -> set[AccountKey]:
        """Take in everything mined since. Returns the accounts touched."""
        assert self.head is not None
        return self.catch_up(self.head.number + 1, self.block("latest").number)

    def add(self, block: BlockRef) -> set[AccountKey]:
        """Apply one block's logs."""
        self.book.open_block(block.number, block.timestamp)
        self.head = block
        touched: set[AccountKey] = set()
        self.log_events = []
        for log in self.logs(block):
            event = self.venue.decode(log)
            if event is not None:
                touched |= self.venue.apply(event, self.book)
                self.log_events.append((log, event))
                self.kinds[type(event).__name__] += 1
        return touched

    def refresh(self, at: Timestamp | None = None) -> None:
        """Market reads for the head's time, or a later one."""
        assert self.head is not None
        self.apply(self.run(self.venue.refresh(self.book, at or self.head.timestamp), self.head, at))

    def inspect(self, keys: Sequence[AccountKey], at: Timestamp | None = None) -> None:
        """Account reads for the head's time, or a later one."""
        assert self.head is not None
        self.apply(self.run(self.venue.inspect(keys, self.book, at or self.head.timestamp), self.head, at))

    def apply(self, events: Sequence[Event]) -> None:
        """Apply reads."""
        for event in events:
            self.venue.apply(event, self.book)

    def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        """Answer a question at a block, seen at `at`."""
        answers: list[CallResult] | None = None
        while True:
            try:
                calls = next(reads) if answers is None else reads.send(answers)
            except StopIteration as done:
                result: T = done.value
                return result
            answers = self._answer(calls, block, at)

    def _answer(self, calls: Sequence[Call], block: BlockRef, at: Timestamp | None) -> list[CallResult]:
        extra: list[Any] = [] if at is None else [{}, {"time": hex(at)}]
        requests = [("eth_call", [{"to": call.to, "data": "0x" + call.data.hex()}, {"blockHash": block.hash}, *extra]) for call in calls]
        return [_result(answer) for answer in self.rpc.attempt(requests)]

    def breached(self, at: Timestamp | None = None) -> list[AccountKey]:
        """Accounts that the venue would let anybody act on, at the head's time or a later one."""
        assert self.head is not None
        now = at or self.head.timestamp
        return [key for key in sorted(self.book.account_keys()) if self.venue.health(key, self.book, now).liquidatable]

    def mismatches(self, at: Timestamp | None = None) -> list[str]:
        """Accounts of which the contracts say otherwise, or nothing, in words. Refreshes and inspects for `at` are the caller's."""
        assert self.head is not None
        now = at or self.head.timestamp
        views = self.run(self.venue.chain_views(sorted(self.book.account_keys())), self.head, at)
        assert len(views) == len(self.book.account_keys())
        pairs = [(view, self.venue.health(view.account, self.book, now)) for view in views]
        return [f"block {self.head.number}: {health} here, {view} on chain" for view, health in pairs if view.matches(health) is not True]


def raw_log(item: dict[str, Any]) -> RawLog:
    """A log as JSON-RPC gives it."""
    return RawLog(
        address=parse.address(item["address"]),
        topics=tuple(parse.hex_bytes(topic) for topic in item["topics"]),
        data=parse.hex_bytes(item["data"]),
        block_number=parse.quantity(item["blockNumber"]),
        block_hash=parse.hash32(item["blockHash"]),
        transaction_hash=parse.hash32(item["transactionHash"]),
        log_index=parse.quantity(item["logIndex"]),
    )


def criteria(one: LogFilter, blocks: Mapping[str, str]) -> dict[str, Any]:
    """What eth_getLogs is asked for: a filter's logs in these blocks (`blockHash`, or `fromBlock` and `toBlock`)."""
    topics = {"topics": [["0x" + topic.hex() for topic in one.topics]]} if one.topics else {}
    return {**blocks, "address": list(one.addresses), **topics}


def _result(answer: Any) -> CallResult:
    if isinstance(answer, RpcError):
        return CallResult(False, parse.hex_bytes(answer.data) if answer.data else b"")
    return CallResult(True, parse.hex_bytes(answer))
