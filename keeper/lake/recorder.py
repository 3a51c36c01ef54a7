"""The lake's only writer: a thread behind a bounded queue. It outlives the event loop, and drains on success and on a crash."""

import asyncio
import queue
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import duckdb
import pyarrow as pa

from keeper.domain.attempt import Payment
from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.records import Record
from keeper.errors import StoreError
from keeper.lake import recovery
from keeper.lake.batch import AppendCall, Batch, BlockCall, CorrectionCall, RevertCall, StoreCall
from keeper.lake.connection import connect
from keeper.lake.damage import mend
from keeper.lake.faults import translated
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.lake.recovery import RecordedBlocks, RecordedOutcome, Recovered
from keeper.lake.relocation import holds_market, relocate
from keeper.lake.upkeep_process import UpkeepProcess
from keeper.lake.write_turn import sole_keeper, write_turn
from keeper.lake.writer import Writer


@dataclass(frozen=True, slots=True)
class Backlog:
    """How the writer is doing. `last_commit_ms` is the duration of the newest commit, `last_block` the newest committed block, `upkeeps`
    counts the lake's finished upkeeps, `problem` is why the newest of them failed."""

    queued: int
    commits: int
    last_commit_ms: float
    last_block: int | None
    upkeeps: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Barrier:
    """Set when everything queued before it is committed."""

    reached: threading.Event


class _Close:
    """The last thing in the queue."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A call with its ticket."""

    ticket: int
    call: StoreCall


_Item: TypeAlias = _Told | _Barrier | _Close


class Recorder:
    """Satisfies `keeper.engine.ports.Recorder`. Use as a context manager: entering opens, locks and migrates the lake.

    A call only queues and returns its ticket, a rising number; what it brought is durable once `committed` has reached the ticket. When the
    queue is full, or the thread has failed, a call raises StoreError. A block that is already in the lake (told again after a crash) is
    not written twice. Leaving writes what is queued; it raises what stopped the thread, unless another
    exception is on its way already."""

    def __init__(self, options: LakeOptions, chain_id: int, venues: Sequence[str]) -> None:
        self._options = options
        self._keeper = options.place.keeper
        self._chain_id = chain_id
        self._venues = tuple(venues)
        self._queue: queue.Queue[_Item] = queue.Queue(options.queue_blocks)
        self._backlog = Backlog(0, 0, 0.0, None)
        self._ticket = 0
        self._committed = 0
        self._stack = ExitStack()
        self._running: Future[None] = Future()
        self._reader: duckdb.DuckDBPyConnection | None = None
        self.problems: tuple[str, ...] = ()
        """What of the lake could not be read when it was opened and was given up (a sentence for each file), or not be moved."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(sole_keeper(self._keeper))
            self.problems = mend(self._keeper)
            self._reader = stack.enter_context(connect(self._keeper, wait_s=self._options.busy_s))
            with write_turn(self._keeper, self._options.busy_s):
                migrate(self._reader, self._keeper.name, migrations("keeper"))
            if holds_market(self._reader):
                self.problems += _relocation(self._options.place)
            writer = stack.enter_context(Writer(connect(self._keeper, wait_s=self._options.busy_s), self._options, self._chain_id))
            with translated(self._keeper.name, "open"):
                batch = Batch(writer.load())
            upkeep = stack.enter_context(UpkeepProcess(self._keeper, self._options.keep_snapshots_s))
            threads = stack.enter_context(ThreadPoolExecutor(1, "recorder"))
            self._running = threads.submit(self._run, writer, batch, upkeep)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with self._stack:
            while not self._running.done():
                try:
                    self._queue.put(_Close(), timeout=0.1)
                except queue.Full:
                    continue
                break
            failure = self._running.exception()
            if failure is not None and error is None:
                raise failure

    def block(self, block: BlockRef, records: Sequence[Record], venues: Sequence[str] | None = None) -> int:
        """Commit one block's records and move the cursors of `venues` (all, where not given) to it, in one transaction."""
        return self._tell(BlockCall(block, tuple(records), self._venues if venues is None else tuple(venues)))

    def append(self, records: Sequence[Record]) -> int:
        """Commit records that arrive between blocks."""
        return self._tell(AppendCall(tuple(records)))

    def revert(self, orphaned: Sequence[BlockRef]) -> int:
        """Remove every row of these blocks but the attempts, in the transaction that adds the next block."""
        return self._tell(RevertCall(tuple(orphaned)))

    @property
    def committed(self) -> int:
        """The highest ticket up to which every call is durable in the lake; 0 before the first commit."""
        return self._committed

    def correct(self, venue: str, blocks: Sequence[BlockRef], records: Sequence[Record]) -> None:
        """Put `records` in place of the venue's events and liquidations of these blocks, in one transaction."""
        self._tell(CorrectionCall(venue, tuple(blocks), tuple(records)))

    def flush(self) -> None:
        """Wait until everything queued so far is committed; call it off the event loop. Raises StoreError."""
        barrier = _Barrier(threading.Event())
        self._put(barrier)
        while not barrier.reached.wait(0.1):
            if self._running.done():
                self._raise_ended()

    async def watch(self) -> None:
        """Returns when the recorder is closed, raises as soon as its thread fails: for a task beside the daemon's others."""
        await asyncio.wrap_future(self._running)

    def backlog(self) -> Backlog:
        """The writer's figures at this moment."""
        return replace(self._backlog, queued=self._queue.qsize())

    def recovered(self, venue: str, finality_depth: int) -> Recovered:
        """Where `venue` was, and its blocks that may still be replaced. Ask before the first block is queued."""
        return recovery.recovered(self._cursor(), self._keeper.name, self._chain_id, venue, finality_depth)

    def venue_events(self, venue: str, *, after: int = -1, batch_rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """The venue's recorded events above block `after`, in order, as Arrow batches with the columns of the table."""
        return recovery.venue_events(self._cursor(), self._keeper.name, self._chain_id, venue, after, batch_rows)

    def recorded_blocks(self) -> RecordedBlocks:
        """What the lake holds of blocks. Ask before the first block is queued."""
        return recovery.blocks(self._cursor(), self._keeper.name, self._chain_id)

    def candidate_of(self, transaction: Hash32) -> CandidateId | None:
        """The candidate a recorded attempt with this hash was for."""
        return recovery.candidate_of(self._cursor(), self._keeper.name, self._chain_id, transaction)

    def recorded_attempts(self, transactions: Collection[Hash32]) -> frozenset[Hash32]:
        """Those of `transactions` that have a row in attempts."""
        return recovery.recorded_attempts(self._cursor(), self._keeper.name, self._chain_id, transactions)

    def recorded_outcomes(self, candidates: Collection[CandidateId]) -> Sequence[RecordedOutcome]:
        """The rows of outcomes about these candidates."""
        return recovery.recorded_outcomes(self._cursor(), self._keeper.name, self._chain_id, candidates)

    def last_match(self, venue: str, accounts: Collection[str]) -> int | None:
        """The newest block up to which every one of these accounts once equalled the contract's view; None when one never did."""
        return recovery.last_match(self._cursor(), self._keeper.name, self._chain_id, venue, accounts)

    def payments(self, sender: str, since_us: int) -> Sequence[Payment]:
        """What transactions of `sender` sent since then have cost."""
        return recovery.payments(self._cursor(), self._keeper.name, self._chain_id, sender, since_us)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._reader is None:
            raise StoreError("the recorder is not open: use it as a context manager")
        return self._reader

    def _tell(self, call: StoreCall) -> int:
        self._put(_Told(self._ticket + 1, call))
        self._ticket += 1
        return self._ticket

    def _put(self, item: _Item) -> None:
        if self._running.done() or self._reader is None:
            self._raise_ended()
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            raise StoreError(
                f"the lake {self._keeper.name} is {self._options.queue_blocks} writes behind and nothing may go unrecorded: "
                "use a faster disk, or raise [lake] queue_blocks"
            ) from None

    def _raise_ended(self) -> None:
        if self._running.done():
            self._running.result()
        raise StoreError(f"the recorder of the lake {self._keeper.name} is not open")

    def _run(self, writer: Writer, batch: Batch, upkeep: UpkeepProcess) -> None:
        """The thread: gather what is queued, commit it, and now and then have it tidied up. Any exception ends it, kept by the future."""
        told = 0
        # The first run comes early: a daemon that is often started again must come to it too.
        blocks_since_upkeep = self._options.upkeep_blocks // 2
        not_before = 0.0
        closing = False
        while not closing:
            barriers, closing, newest = self._gather(batch, not_before)
            told = newest or told
            not_before = time.monotonic() + self._options.commit_every_s
            if closing or batch.row_count():
                blocks_since_upkeep += len({block.hash for _, block in batch.cursors})
                batch = self._commit(writer, batch, closing)
                self._renew(writer)
            if not batch.orphaned:
                self._committed = told
            for barrier in barriers:
                barrier.reached.set()
            if blocks_since_upkeep >= self._options.upkeep_blocks and not closing:
                upkeep.start()
                blocks_since_upkeep = 0
                self._backlog = replace(self._backlog, upkeeps=upkeep.runs, problem=upkeep.problem)

    def _gather(self, batch: Batch, not_before: float) -> tuple[list[_Barrier], bool, int]:
        """Waits for one call, then takes what else comes until the next commit may be, the batch is full, or somebody waits for it.

        Returns who waits, whether this is the end, and the newest ticket (0 without any)."""
        barriers: list[_Barrier] = []
        newest = 0
        item: _Item | None = self._queue.get()
        while item is not None:
            if isinstance(item, _Close):
                return barriers, True, newest
            if isinstance(item, _Barrier):
                barriers.append(item)
            else:
                batch.add(item.call)
                newest = item.ticket
            full = batch.row_count() >= self._options.batch_rows
            item = None if full else self._next(0.0 if barriers else not_before - time.monotonic())
        return barriers, False, newest

    def _next(self, wait_s: float) -> _Item | None:
        try:
            return self._queue.get(timeout=wait_s) if wait_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def _renew(self, writer: Writer) -> None:
        """A lake that cannot be opened at this moment is no reason to stop: the next commit shows whether it can be written."""
        if self._backlog.commits % self._options.commits_per_connection:
            return
        try:
            connection = connect(self._keeper, wait_s=self._options.busy_s)
        except StoreError as error:
            self._backlog = replace(self._backlog, problem=str(error))
        else:
            writer.renew(connection)

    def _commit(self, writer: Writer, batch: Batch, closing: bool) -> Batch:
        """Blocks to take away wait for the next block, so that no reader sees the gap; at the end there is nothing to wait for."""
        later = batch.following(closing)
        started = time.monotonic()
        writer.commit(batch)
        elapsed_ms = 1000 * (time.monotonic() - started)
        newest = batch.cursors[-1][1].number if batch.cursors else self._backlog.last_block
        self._backlog = replace(self._backlog, commits=self._backlog.commits + 1, last_commit_ms=elapsed_ms, last_block=newest)
        return later


def _relocation(place: LakePlace) -> tuple[str, ...]:
    """Market tables of a lake of before move out; where they cannot, the keeper, who does not need them, says so and goes on."""
    try:
        relocate(place)
    except StoreError as error:
        return (str(error),)
    return ()
