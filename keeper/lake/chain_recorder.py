"""One chain's face of the lake's writer."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import duckdb
import pyarrow as pa

from keeper.domain.account import AccountRef
from keeper.domain.attempt import Payment
from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.records import Record
from keeper.domain.result import Result
from keeper.lake import recovery
from keeper.lake.batch import AppendCall, BlockCall, CorrectionCall, RevertCall, StoreCall
from keeper.lake.recovery import RecordedBlocks, RecordedOutcome, Recovered


class LakeQueue(Protocol):
    """The writer, see `recorder.Recorder`."""

    @property
    def name(self) -> str:
        """The lake's."""

    def tell(self, chain_id: int, call: StoreCall) -> int:
        """Queue a call; returns its ticket."""

    def committed(self, chain_id: int) -> int:
        """The chain's highest durable ticket."""

    def flush(self) -> None:
        """Wait until everything queued is committed."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """For questions."""


class ChainRecorder:
    """Satisfies `keeper.engine.ports.Recorder`: a call only queues and returns its ticket, a rising number; what it brought is durable once
    `committed` has reached the ticket. When the queue is full, or the writer has failed, a call raises StoreError."""

    def __init__(self, lake: LakeQueue, chain_id: int, venues: tuple[str, ...]) -> None:
        self._queue = lake
        self._chain_id = chain_id
        self._venues = venues

    def block(self, block: BlockRef, records: Sequence[Record], venues: Sequence[str] | None = None) -> int:
        """Commit one block's records and move the cursors of `venues` (all, where not given) to it, in one transaction."""
        return self._queue.tell(self._chain_id, BlockCall(block, tuple(records), self._venues if venues is None else tuple(venues)))

    def append(self, records: Sequence[Record]) -> int:
        """Commit records that arrive between blocks."""
        return self._queue.tell(self._chain_id, AppendCall(tuple(records)))

    def revert(self, orphaned: Sequence[BlockRef]) -> int:
        """Remove every row of these blocks but the attempts, in the transaction that adds the next block."""
        return self._queue.tell(self._chain_id, RevertCall(tuple(orphaned)))

    @property
    def committed(self) -> int:
        """The highest ticket up to which every call is durable in the lake; 0 before the first commit."""
        return self._queue.committed(self._chain_id)

    def flush(self) -> None:
        """Wait until everything queued so far is committed; call it off the event loop. Raises StoreError."""
        self._queue.flush()

    def correct(self, venue: str, blocks: Sequence[BlockRef], records: Sequence[Record]) -> None:
        """Put `records` in place of what logs told of the venue in these blocks, in one transaction."""
        self._queue.tell(self._chain_id, CorrectionCall(venue, tuple(blocks), tuple(records)))

    def recovered(self, venue: str, finality_depth: int) -> Recovered:
        """Where `venue` was, and its blocks that may still be replaced. Ask before the first block is queued."""
        return recovery.recovered(self._queue.cursor(), self._queue.name, self._chain_id, venue, finality_depth)

    def venue_events(self, venue: str, *, after: int = -1, batch_rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """The venue's recorded events above block `after`, in order, as Arrow batches with the columns of the table."""
        return recovery.venue_events(self._queue.cursor(), self._queue.name, self._chain_id, venue, after, batch_rows)

    def recorded_blocks(self) -> RecordedBlocks:
        """What the lake holds of blocks. Ask before the first block is queued."""
        return recovery.blocks(self._queue.cursor(), self._queue.name, self._chain_id)

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate a recorded attempt with this hash was for by this account."""
        return recovery.candidate_of(self._queue.cursor(), self._queue.name, self._chain_id, transaction, account)

    def recorded_attempts(self, transactions: Collection[Hash32]) -> frozenset[Hash32]:
        """Those of `transactions` that have a row in attempts."""
        return recovery.recorded_attempts(self._queue.cursor(), self._queue.name, self._chain_id, transactions)

    def recorded_outcomes(self, candidates: Collection[CandidateId]) -> Sequence[RecordedOutcome]:
        """The rows of outcomes about these candidates."""
        return recovery.recorded_outcomes(self._queue.cursor(), self._queue.name, self._chain_id, candidates)

    def last_match(self, venue: str, accounts: Collection[str]) -> int | None:
        """The newest block up to which every one of these accounts once equalled the contract's view; None when one never did."""
        return recovery.last_match(self._queue.cursor(), self._queue.name, self._chain_id, venue, accounts)

    def payments(self, sender: str, since_us: int) -> Sequence[Payment]:
        """What transactions of `sender` sent since then have cost."""
        return recovery.payments(self._queue.cursor(), self._queue.name, self._chain_id, sender, since_us)

    def results(self, senders: Collection[str], since_us: int) -> Sequence[Result]:
        """What they came to, in the order of their blocks."""
        return recovery.results(self._queue.cursor(), self._queue.name, self._chain_id, senders, since_us)
