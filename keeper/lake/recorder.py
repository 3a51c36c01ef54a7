"""The lake's only writer: a thread behind a bounded queue. It outlives the event loop, and drains on success and on a crash."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import duckdb

from keeper.errors import StoreError
from keeper.lake.batch import Batch, StoreCall
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.connection import connect
from keeper.lake.damage import mend
from keeper.lake.faults import translated
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
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
class Commit:
    """One commit: how many rows of a chain, and the seconds from its beginning until they were durable, other writers' turns included."""

    chain_id: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Barrier:
    """Set when everything queued before it is committed."""

    reached: threading.Event


class _Close:
    """The last thing in the queue."""


@dataclass(slots=True)
class _Chain:
    """What is written for one chain, in transactions of its own. `newest` is the ticket of the last call in the batch or before."""

    writer: Writer
    batch: Batch
    newest: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True)
class _Told:
    """A call about a chain with its ticket."""

    chain_id: int
    ticket: int
    call: StoreCall


_Item: TypeAlias = _Told | _Barrier | _Close


class Recorder:
    """Use as a context manager: entering opens, locks and migrates the lake. What is to be written comes through `chain`.

    A call only queues. A block that is already in the lake (told again after a crash) is not written twice. Leaving writes what is queued;
    it raises what stopped the thread, unless another exception is on its way already."""

    def __init__(
        self, options: LakeOptions, venues: Mapping[int, Sequence[str]], report: Callable[[Commit], None] = lambda commit: None
    ) -> None:
        """`venues` by chain id. `report` is told of every commit, on the writer's thread."""
        self._options = options
        self._report = report
        self._keeper = options.place.keeper
        self._venues = {chain_id: tuple(names) for chain_id, names in venues.items()}
        self._queue: queue.Queue[_Item] = queue.Queue(options.queue_blocks)
        self._backlog = Backlog(0, 0, 0.0, None)
        self._tickets = dict.fromkeys(self._venues, 0)
        self._committed = dict.fromkeys(self._venues, 0)
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
            chains: dict[int, _Chain] = {}
            for chain_id in self._venues:
                writer = stack.enter_context(Writer(connect(self._keeper, wait_s=self._options.busy_s), self._options, chain_id))
                with translated(self._keeper.name, "open"):
                    chains[chain_id] = _Chain(writer, Batch(writer.load()))
            upkeep = stack.enter_context(UpkeepProcess(self._keeper, self._options.keep_snapshots_s))
            threads = stack.enter_context(ThreadPoolExecutor(1, "recorder"))
            self._running = threads.submit(self._run, chains, upkeep)
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

    @property
    def name(self) -> str:
        """The lake's, for messages."""
        return self._keeper.name

    def chain(self, chain_id: int) -> ChainRecorder:
        """One chain's face of it."""
        return ChainRecorder(self, chain_id, self._venues[chain_id])

    def committed(self, chain_id: int) -> int:
        """The chain's highest ticket up to which every call is durable in the lake; 0 before the first commit."""
        return self._committed[chain_id]

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

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for questions. Raises StoreError where the recorder is not open."""
        if self._reader is None:
            raise StoreError("the recorder is not open: use it as a context manager")
        return self._reader

    def tell(self, chain_id: int, call: StoreCall) -> int:
        """Queue a call about a chain; returns its ticket, a rising number of that chain. Raises StoreError when the queue is full, or the
        thread has failed."""
        ticket = self._tickets[chain_id] + 1
        self._put(_Told(chain_id, ticket, call))
        self._tickets[chain_id] = ticket
        return ticket

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

    def _run(self, chains: Mapping[int, _Chain], upkeep: UpkeepProcess) -> None:
        """The thread: gather what is queued, commit it chain by chain, and now and then have it tidied up. Any exception ends it, kept by
        the future."""
        # The first run comes early: a daemon that is often started again must come to it too.
        blocks_since_upkeep = self._options.upkeep_blocks // 2
        not_before = 0.0
        closing = False
        while not closing:
            barriers, closing = self._gather(chains, not_before)
            not_before = time.monotonic() + self._options.commit_every_s
            for chain_id, chain in chains.items():
                if closing or chain.batch.row_count():
                    blocks_since_upkeep += len({block.hash for _, block in chain.batch.cursors})
                    self._commit(chain_id, chain, closing)
                    self._renew(chain)
                if not chain.batch.orphaned:
                    self._committed[chain_id] = chain.newest
            for barrier in barriers:
                barrier.reached.set()
            if blocks_since_upkeep >= self._options.upkeep_blocks and not closing:
                upkeep.start()
                blocks_since_upkeep = 0
                self._backlog = replace(self._backlog, upkeeps=upkeep.runs, problem=upkeep.problem)

    def _gather(self, chains: Mapping[int, _Chain], not_before: float) -> tuple[list[_Barrier], bool]:
        """Waits for one call, then takes what else comes until the next commit may be, the batches are full, or somebody waits for it.

        Returns who waits, and whether this is the end."""
        barriers: list[_Barrier] = []
        item: _Item | None = self._queue.get()
        while item is not None:
            if isinstance(item, _Close):
                return barriers, True
            if isinstance(item, _Barrier):
                barriers.append(item)
            else:
                chain = chains[item.chain_id]
                chain.batch.add(item.call)
                chain.newest = item.ticket
            full = sum(chain.batch.row_count() for chain in chains.values()) >= self._options.batch_rows
            item = None if full else self._next(0.0 if barriers else not_before - time.monotonic())
        return barriers, False

    def _next(self, wait_s: float) -> _Item | None:
        try:
            return self._queue.get(timeout=wait_s) if wait_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def _renew(self, chain: _Chain) -> None:
        """A lake that cannot be opened at this moment is no reason to stop: the next commit shows whether it can be written."""
        if chain.commits % self._options.commits_per_connection:
            return
        try:
            connection = connect(self._keeper, wait_s=self._options.busy_s)
        except StoreError as error:
            self._backlog = replace(self._backlog, problem=str(error))
        else:
            chain.writer.renew(connection)

    def _commit(self, chain_id: int, chain: _Chain, closing: bool) -> None:
        """Blocks to take away wait for the next block, so that no reader sees the gap; at the end there is nothing to wait for."""
        batch, chain.batch = chain.batch, chain.batch.following(closing)
        started = time.monotonic()
        chain.writer.commit(batch)
        chain.commits += 1
        seconds = time.monotonic() - started
        self._report(Commit(chain_id, batch.row_count(), seconds))
        newest = batch.cursors[-1][1].number if batch.cursors else self._backlog.last_block
        self._backlog = replace(self._backlog, commits=self._backlog.commits + 1, last_commit_ms=1000 * seconds, last_block=newest)


def _relocation(place: LakePlace) -> tuple[str, ...]:
    """Market tables of a lake of before move out; where they cannot, the keeper, who does not need them, says so and goes on."""
    try:
        relocate(place)
    except StoreError as error:
        return (str(error),)
    return ()
