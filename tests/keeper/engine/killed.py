"""A lake that is killed: what was recorded since the last commit is gone with the process, everything before is as the store folds it."""

from collections.abc import Iterator, Sequence

from keeper.domain.account import AccountRef
from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.records import AttemptRecord, BlockRecord, Record, VenueEventRecord
from keeper.engine.ports import RecordBatch
from keeper.lake.batch import AppendCall, Batch, BlockCall, RevertCall, StoreCall, Written
from tests.keeper.engine.memory import RecordedBlocks, Remembered, Rows


class Killed(Exception):
    """The process ends here."""


class KilledMemory:
    """Satisfies the port `LakeRecorder`. One per process: `committed` is what earlier ones left. The process dies at its `calls`-th call,
    and what its last `lost` calls said is lost."""

    def __init__(self, committed: Sequence[StoreCall], calls: int | None = None, lost: int = 0) -> None:
        self._committed = tuple(committed)
        self._calls: list[StoreCall] = []
        self._limit = calls
        self._lost = lost
        batch = fold(committed)
        self._rows = [row for rows in batch.rows.values() for row in rows]
        self._cursors = batch.cursors

    def left(self) -> tuple[StoreCall, ...]:
        """What the next process finds."""
        lost = 0 if self._limit is None else self._lost
        return (*self._committed, *self._calls[: max(len(self._calls) - lost, 0)])

    def block(self, block: BlockRef, records: Sequence[Record], venues: Sequence[str] | None = None) -> int:
        return self._say(BlockCall(block, tuple(records), tuple(venues or ())))

    def append(self, records: Sequence[Record]) -> int:
        return self._say(AppendCall(tuple(records)))

    def revert(self, orphaned: Sequence[BlockRef]) -> int:
        return self._say(RevertCall(tuple(orphaned)))

    def recovered(self, venue: str, finality_depth: int) -> Remembered:
        blocks = sorted((block for name, block in self._cursors if name == venue), key=lambda block: block.number)
        if not blocks:
            return Remembered(None, ())
        return Remembered(blocks[-1], tuple(block for block in blocks if block.number > blocks[-1].number - finality_depth))

    def venue_events(self, venue: str) -> Iterator[RecordBatch]:
        rows = [row for row in self._rows if isinstance(row, VenueEventRecord) and row.venue == venue]
        rows.sort(key=_place)
        yield Rows(rows)

    def recorded_blocks(self) -> RecordedBlocks:
        rows = [row for row in self._rows if isinstance(row, BlockRecord)]
        return RecordedBlocks(max((row.block_number for row in rows), default=None), any(not row.recovered for row in rows))

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        key = (transaction, *account)
        attempts = [row for row in self._rows if isinstance(row, AttemptRecord)]
        ids = [row.candidate_id for row in attempts if (row.transaction_hash, row.venue, row.account) == key]
        return CandidateId(ids[0]) if ids else None

    def flush(self) -> None:
        """Nothing is queued."""

    @property
    def committed(self) -> int:
        return len(self._calls)

    def _say(self, call: StoreCall) -> int:
        if self._limit is not None and len(self._calls) >= self._limit:
            raise Killed
        self._calls.append(call)
        return len(self._calls)


def _place(row: VenueEventRecord) -> tuple[int, int]:
    return row.block_number, row.position


def fold(calls: Sequence[StoreCall]) -> Batch:
    """The calls as one commit."""
    batch = Batch(Written())
    for call in calls:
        batch.add(call)
    return batch
