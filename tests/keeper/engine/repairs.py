"""A chain that knows the truth, a lake that may not, and what mends it."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from keeper.domain.account import AccountRef
from keeper.domain.chain import BlockRef, CallResult, Hash32, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.fixed import X18
from keeper.domain.records import Record
from keeper.engine.ports import RecordBatch
from keeper.engine.repair import Repair, RepairOptions
from keeper.lake.batch import CORRECTED
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.memory import HistoryChain, ListLake, Rows
from tests.keeper.engine.toy import Liquidated, Opened, log_of

T = TypeVar("T")
PRICE = 100


@dataclass
class TrueChain(HistoryChain):
    """Views computed from the events; the price is always 100. `lies` are equities an endpoint, by its place, says of everybody instead;
    `hidden` blocks have no logs at an endpoint; without `receipts` nothing proves a block's logs. `views` are accounts as the contract sees
    them where that is not what events told."""

    endpoints: int = 1
    lies: dict[int, int] = field(default_factory=dict)
    hidden: dict[int, set[int]] = field(default_factory=dict)
    receipts: bool = True
    views: dict[str, Opened] = field(default_factory=dict)

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        return self._asked(reads, block, 0)

    async def run_elsewhere(self, reads: Reads[T], block: BlockRef) -> T:
        return self._asked(reads, block, 1 % self.endpoints)

    async def witnesses(self, question: Callable[[], Reads[T]], block: BlockRef) -> Sequence[tuple[str, T]]:
        return [(f"http://{place}", self._asked(question(), block, place)) for place in range(self.endpoints)]

    async def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False, turn: int = 0
    ) -> AsyncIterator[tuple[BlockRef, tuple[RawLog, ...]]]:
        async for block, logs in super().backfill(filters, first, last, every_block=every_block):
            yield block, () if block.number in self.hidden.get(turn % self.endpoints, ()) else logs

    async def proven_logs(self, block: BlockRef, filters: Sequence[LogFilter]) -> Sequence[RawLog] | None:
        if not self.receipts:
            return None
        return [log_of(event, block, index) for index, event in enumerate(self.events.get(block.number, ()))]

    def _asked(self, reads: Reads[T], block: BlockRef, place: int) -> T:
        try:
            calls = next(reads)
            while True:
                calls = reads.send([CallResult(True, self._view(call.data.decode(), block, place)) for call in calls])
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _view(self, trader: str, block: BlockRef, place: int) -> bytes:
        account = self.views.get(trader) or accounts_at(self.events, block.number).get(trader, Opened(trader, 0, 0))
        equity = self.lies.get(place, account.size * PRICE - account.debt)
        return (equity * X18).to_bytes(32, signed=True) + (account.size * PRICE * X18 // 10).to_bytes(32)


def accounts_at(events: Mapping[int, Sequence[Opened | Liquidated]], number: int) -> dict[str, Opened]:
    """Who holds what after block `number`."""
    accounts: dict[str, Opened] = {}
    for block in sorted(events):
        for event in events[block] if block <= number else ():
            if isinstance(event, Opened):
                accounts[event.trader] = event
            else:
                accounts.pop(event.trader, None)
    return accounts


@dataclass
class CorrectableMemory(ListLake):
    """A memory whose rows can be corrected. `corrections` are the blocks of each correction."""

    corrections: list[list[int]] = field(default_factory=list)
    matched: int | None = None

    def venue_events(self, venue: str, *, after: int = -1) -> Iterator[RecordBatch]:
        for batch in super().venue_events(venue):
            rows = [row for row in getattr(batch, "rows", ()) if row.block_number > after]
            if rows:
                yield Rows(rows)

    def correct(self, venue: str, blocks: Sequence[BlockRef], records: Sequence[Record]) -> None:
        self.corrections.append([block.number for block in blocks])
        hashes = {block.hash for block in blocks}
        remaining = [row for row in self.rows if not (isinstance(row, CORRECTED) and row.block_hash in hashes)]
        self.rows[:] = [*remaining, *records]

    def last_match(self, venue: str, accounts: Collection[str]) -> int | None:
        return self.matched

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        return CandidateId("a candidate")


def repair_of(chain: TrueChain, memory: CorrectableMemory, *, start_block: int = 1) -> Repair:
    """A repair over both; eight blocks make a block final."""
    options = RepairOptions(chain_id=1, start_block=start_block, finality_depth=8)
    return Repair(chain, chain, memory, options, lambda: 1.0, structlog.get_logger())


def last_block(chain: TrueChain) -> BlockRef:
    """Where the chain stands."""
    return block_ref(chain.newest)
