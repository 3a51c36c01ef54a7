"""A chain with blocks to look at and a memory that outlives the process: the ground of recovery, survey and replay."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from keeper.domain.account import AccountRef
from keeper.domain.attempt import Payment
from keeper.domain.chain import BlockRef, Hash32, LogFilter, RawLog
from keeper.domain.decision import CandidateId
from keeper.domain.records import AttemptRecord, BlockRecord, OutcomeRecord, Record, VenueEventRecord
from keeper.domain.result import Result
from keeper.engine.ports import RecordBatch
from keeper.errors import ReorgBeyondFinality
from tests.keeper.engine.fakes import FakeChain, ListRecorder, block_ref
from tests.keeper.engine.toy import Liquidated, Opened, log_of


@dataclass
class HistoryChain(FakeChain):
    """Blocks up to `newest`, with the toy exchange's events in some of them. `asked` are the ranges of its logs."""

    newest: int = 0
    events: dict[int, list[Opened | Liquidated]] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def head(self) -> BlockRef:
        return block_ref(self.newest)

    async def final(self, number: int, block_hash: Hash32) -> BlockRef:
        block = block_ref(number)
        if block.hash != block_hash:
            raise ReorgBeyondFinality(f"block {number} was final as {block_hash}, the chain has {block.hash}")
        return block

    async def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False
    ) -> AsyncIterator[tuple[BlockRef, tuple[RawLog, ...]]]:
        self.asked.append((first, last))
        for number in range(first, last + 1):
            logs = tuple(log_of(event, block_ref(number), index) for index, event in enumerate(self.events.get(number, ())))
            if logs or number == last or every_block:
                yield block_ref(number), logs


@dataclass(frozen=True)
class Remembered:
    """Where a venue was."""

    cursor: BlockRef | None
    unfinalised: tuple[BlockRef, ...]


@dataclass(frozen=True)
class RecordedBlocks:
    """The rows of blocks, summed up."""

    newest: int | None
    followed: bool


@dataclass(frozen=True)
class Fate:
    """A row of outcomes."""

    candidate_id: CandidateId
    transaction_hash: Hash32
    outcome: str
    block_number: int
    block_hash: Hash32


@dataclass(frozen=True)
class Rows:
    """A batch of rows as the lake gives them back."""

    rows: Sequence[Record]

    def to_pylist(self) -> list[dict[str, Any]]:
        return [_plain(row) for row in self.rows]


@dataclass
class ListLake(ListRecorder):
    """A recorder that remembers: cursors per venue, and the recorded events in batches of three."""

    cursors: dict[str, list[BlockRef]] = field(default_factory=dict)
    flushes: int = 0
    paid: list[Payment] = field(default_factory=list)
    earned: list[Result] = field(default_factory=list)

    def block(self, block: BlockRef, records: Sequence[Record], venues: Sequence[str] | None = None) -> int:
        for venue in venues or ():
            self.cursors.setdefault(venue, []).append(block)
        return super().block(block, records, venues)

    def recovered(self, venue: str, finality_depth: int) -> Remembered:
        blocks = self.cursors.get(venue)
        if not blocks:
            return Remembered(None, ())
        return Remembered(blocks[-1], tuple(block for block in blocks if block.number > blocks[-1].number - finality_depth))

    def venue_events(self, venue: str) -> Iterator[RecordBatch]:
        rows = sorted((row for row in self.of(VenueEventRecord) if row.venue == venue), key=lambda row: (row.block_number, row.position))
        for start in range(0, len(rows), 3):
            yield Rows(rows[start : start + 3])

    def recorded_blocks(self) -> RecordedBlocks:
        rows = self.of(BlockRecord)
        return RecordedBlocks(max((row.block_number for row in rows), default=None), any(not row.recovered for row in rows))

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        key = (transaction, *account)
        found = [row.candidate_id for row in self.of(AttemptRecord) if (row.transaction_hash, row.venue, row.account) == key]
        return CandidateId(found[0]) if found else None

    def recorded_attempts(self, transactions: Collection[Hash32]) -> frozenset[Hash32]:
        return frozenset(Hash32(row.transaction_hash) for row in self.of(AttemptRecord)) & set(transactions)

    def recorded_outcomes(self, candidates: Collection[CandidateId]) -> Sequence[Fate]:
        return [
            Fate(CandidateId(row.candidate_id), Hash32(row.transaction_hash), row.outcome, row.block_number, Hash32(row.block_hash))
            for row in self.of(OutcomeRecord)
            if row.candidate_id in candidates
        ]

    def payments(self, sender: str, since_us: int) -> Sequence[Payment]:
        return [payment for payment in self.paid if payment.paid_at_us >= since_us]

    def results(self, senders: Collection[str], since_us: int) -> Sequence[Result]:
        return [result for result in self.earned if result.at_us >= since_us]

    def flush(self) -> None:
        self.flushes += 1


def _plain(row: Record) -> dict[str, Any]:
    assert isinstance(row, VenueEventRecord)
    values = {name: getattr(row, name) for name in row.__slots__}
    return values | {"block_time": datetime.fromtimestamp(row.block_time, UTC).replace(tzinfo=None)}
