"""Start-up is recovery: the recorded events rebuild each book, the backfill brings what happened meanwhile, then the follower goes on.

A short gap is followed like any other blocks, with reads and evaluations. Of a long one only the logs are taken in: the rows are those of
following as far as logs tell them (blocks, venue_events, liquidations, pool_ranges, account_flows)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby, pairwise
from typing import Any, TypeAlias

from keeper.domain import event_json
from keeper.domain.account import AccountRef
from keeper.domain.chain import BlockRef, Hash32, RawLog, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.records import Record
from keeper.domain.venue import Event
from keeper.engine import recording, view_rows
from keeper.engine.evaluator import Applied, Evaluator
from keeper.engine.faults import Faults
from keeper.engine.ports import Chain, LakeRecorder, LogSource, Recovered
from keeper.engine.recording import BlockKeys
from keeper.engine.start import Position, Start, linked

FOLLOWED_GAP = 120
"""Blocks behind the head from which the daemon follows on: a full node keeps the state of 128."""
_FLUSH_EVERY = 500
"""Blocks between waits for the writer during a backfill: history comes faster than it can be committed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the start has come. `stage` is "lake" (blocks rebuilt from records) or "chain" (blocks of the backfill)."""

    venue: str
    stage: str
    block: int
    first: int
    last: int


Report: TypeAlias = Callable[[Progress], None]
Evaluators: TypeAlias = Mapping[str, Evaluator]


@dataclass(frozen=True, slots=True)
class RecoveryOptions:
    """What recovery must know of the settings. A venue at most `followed_gap` blocks behind the head is left to the follower."""

    chain_id: int
    start_block: int
    finality_depth: int
    record_reads: bool
    followed_gap: int = FOLLOWED_GAP


@dataclass(frozen=True, slots=True)
class _Horizon:
    """What the start aims at: the newest block, and the newest that counts as final."""

    head: BlockRef
    final: BlockRef


@dataclass(frozen=True, slots=True)
class _Stage:
    """Blocks to take in for some venues. `rows`: they are new to the lake, so each gets its row; `complete`: also those without logs."""

    evaluators: Evaluators
    first: int
    last: int
    rows: bool
    complete: bool


class Recovery:
    """Brings every evaluator to where the follower can take over."""

    def __init__(
        self,
        chain: Chain,
        source: LogSource,
        memory: LakeRecorder,
        options: RecoveryOptions,
        report: Report,
        clock: Callable[[], float],
        candidate_of: Callable[[Hash32, AccountRef], CandidateId | None],
    ) -> None:
        """`candidate_of` knows transactions of ours that the lake may not; `clock` is in Unix seconds."""
        self._chain = chain
        self._source = source
        self._memory = memory
        self._options = options
        self._report = report
        self._clock = clock
        self._candidate_of = candidate_of

    async def run(self, evaluators: Evaluators) -> Start:
        """Rebuild, then catch up. A venue that cannot go on is left where it failed; the others arrive.

        Raises ConfigError where a venue's snapshot finds wrong addresses, and Fatal."""
        head = await self._chain.head()
        final = await self._chain.block(max(head.number - self._options.finality_depth, self._options.start_block - 1, 0))
        horizon, faults = _Horizon(head, final), Faults()
        recorded = self._memory.recorded_blocks()
        # Rows above it may be of blocks that were replaced; those that are not are recognised by their hash and not written again.
        final_row = -1 if recorded.newest is None else recorded.newest - self._options.finality_depth
        # All that the lake has is read before anything is written.
        rebuilt: dict[str, Recovered] = {}
        for name, evaluator in evaluators.items():
            with faults.of(name):
                rebuilt[name] = self._rebuild(name, evaluator)
        positions: dict[str, Position] = {}
        behind: dict[str, Evaluator] = {}
        for name, recovered in rebuilt.items():
            with faults.of(name):
                positions[name] = await self._position(name, evaluators[name], recovered, horizon)
                if self._must_backfill(positions[name], horizon, fresh=recovered.cursor is None):
                    behind[name] = evaluators[name]
                elif not self._options.record_reads:
                    await self._resync(evaluators[name], positions[name].cursor)
        cursors = {name: positions[name].cursor.number for name in behind}
        for stage in _stages(behind, cursors, final_row, final.number, complete=recorded.followed):
            await self._take_in(stage, final, faults)
        positions |= dict.fromkeys(behind, Position(final))
        return Start(faults.spared(positions), head.number, faults)

    def _rebuild(self, name: str, evaluator: Evaluator) -> Recovered:
        """The book as the lake has it."""
        recovered = self._memory.recovered(name, self._options.finality_depth)
        if recovered.cursor is not None:
            last = recovered.cursor.number
            rows = (row for batch in self._memory.venue_events(name) for row in batch.to_pylist())
            for number, timestamp, events in recorded_blocks(rows, evaluator.venue.event_types):
                evaluator.restore(number, timestamp, [item.event for item in events])
                if number <= last - self._options.finality_depth:
                    evaluator.book.finalise(number)
                self._report(Progress(name, "lake", number, 0, last))
        return recovered

    async def _position(self, name: str, evaluator: Evaluator, recovered: Recovered, horizon: _Horizon) -> Position:
        """Where the venue stands on the chain. Blocks replaced while nobody followed are taken back. Raises ReorgBeyondFinality."""
        if recovered.cursor is None:
            return Position(await self._snapshot(name, evaluator, horizon))
        blocks = list(recovered.unfinalised or (recovered.cursor,))
        orphaned: list[BlockRef] = []
        for block in reversed(tuple(blocks)):
            canonical = await self._is_canonical(block, horizon.head)
            if canonical:
                break
            if canonical is False:
                orphaned += reversed(blocks[blocks.index(block) :])
                blocks = blocks[: blocks.index(block)]
        if not orphaned:
            return Position(recovered.cursor, linked(recovered.unfinalised))
        cursor = blocks[-1] if blocks else await self._chain.final(orphaned[-1].number - 1, orphaned[-1].parent_hash)
        evaluator.reverted(cursor)
        self._memory.revert(sorted(orphaned, key=lambda block: -block.number))
        return Position(cursor, linked(blocks))

    async def _is_canonical(self, block: BlockRef, head: BlockRef) -> bool | None:
        """None where the endpoints' head is too far below it to tell: they are behind, or a shorter chain has won, and the follower finds
        out."""
        if block.number <= head.number:
            return (await self._chain.block(block.number)).hash == block.hash
        return head.hash == block.parent_hash if block.number == head.number + 1 else None

    async def _snapshot(self, name: str, evaluator: Evaluator, horizon: _Horizon) -> BlockRef:
        """Parameters no event tells, as of now, stand before the first block: later events repeat their changes."""
        base = await self._chain.block(max(self._options.start_block - 1, 0))
        events = await self._chain.run(evaluator.venue.snapshot(), horizon.head)
        evaluator.restore(base.number, base.timestamp, events)
        rows = recording.event_rows(BlockKeys(self._options.chain_id, name, base), [Applied(event, "snapshot") for event in events])
        self._memory.block(base, rows, (name,))
        return base

    def _must_backfill(self, position: Position, horizon: _Horizon, *, fresh: bool) -> bool:
        far = horizon.head.number - position.cursor.number > self._options.followed_gap
        return position.cursor.number < horizon.final.number and (fresh or far)

    async def _take_in(self, stage: _Stage, final: BlockRef, faults: Faults) -> None:
        evaluators = faults.spared(stage.evaluators)
        filters = [one for evaluator in evaluators.values() for one in evaluator.venue.filters()]
        blocks = 0
        async for block, logs in self._source.backfill(filters, stage.first, stage.last, every_block=stage.complete):
            received, count = recording.timestamp_us(self._clock()), 0
            rows: list[Record] = []
            for name, evaluator in evaluators.items():
                with faults.of(name):
                    applied = apply_logs(evaluator, block, evaluator.claimed(logs))
                    count += len(applied)
                    applied += [Applied(event, "describe") for event in await self._describe(evaluator)]
                    if block.number == final.number:
                        applied += [Applied(event, "resync") for event in await self._resync(evaluator, block)]
                    evaluator.book.finalise(block.number)
                    rows += self._venue_rows(name, evaluator, block, applied)
                    self._report(Progress(name, "chain", block.number, stage.first, stage.last))
            evaluators = faults.spared(evaluators)
            if not evaluators:
                return
            if stage.rows and (count or stage.complete):
                times = (received, recording.timestamp_us(self._clock()))
                rows.append(recording.recovered_block_row(self._options.chain_id, block, times, count))
            self._memory.block(block, rows, tuple(evaluators))
            blocks += 1
            if blocks % _FLUSH_EVERY == 0:
                await asyncio.to_thread(self._memory.flush)

    def _venue_rows(self, name: str, evaluator: Evaluator, block: BlockRef, applied: Sequence[Applied]) -> list[Record]:
        keys = BlockKeys(self._options.chain_id, name, block)
        observed = evaluator.venue.observed([(item.log, item.event) for item in applied if item.log is not None], evaluator.book)
        candidates = {
            (item.log.transaction_hash, item.account): candidate
            for item in observed
            if item.liquidator == evaluator.executor
            and (candidate := self._candidate(item.log.transaction_hash, (name, item.account))) is not None
        }
        return [
            *recording.event_rows(keys, applied),
            *recording.liquidation_rows(keys, observed, evaluator.executor, candidates),
            *view_rows.logged_rows(keys, evaluator.venue, evaluator.book, applied),
        ]

    def _candidate(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        return self._candidate_of(transaction, account) or self._memory.candidate_of(transaction, account)

    async def _describe(self, evaluator: Evaluator) -> Sequence[Event]:
        """Names and decimals of what a block brought, before its rows are made; asked at the head, whose state every node has."""
        if not next(evaluator.venue.describe(evaluator.book), ()):
            return ()
        events = await self._chain.run(evaluator.venue.describe(evaluator.book), await self._chain.head())
        for event in events:
            evaluator.venue.apply(event, evaluator.book)
        return events

    async def _resync(self, evaluator: Evaluator, block: BlockRef) -> Sequence[Event]:
        """What events tell only approximately, asked exactly."""
        keys = sorted(evaluator.book.account_keys())
        events = await self._chain.run(evaluator.venue.resync(keys, evaluator.book), block)
        for event in events:
            evaluator.venue.apply(event, evaluator.book)
        return events


def _stages(behind: Evaluators, cursors: Mapping[str, int], final_row: int, final: int, *, complete: bool) -> Iterator[_Stage]:
    """From the cursor furthest behind to the final block: each block is fetched once, for those venues that lack it."""
    bounds = {*cursors.values(), min(final_row, final), final}
    for before, last in pairwise(sorted(bounds)):
        lacking = {name: evaluator for name, evaluator in behind.items() if cursors[name] <= before}
        if lacking:
            new = before >= final_row
            yield _Stage(lacking, before + 1, last, rows=new, complete=new and complete)


def apply_logs(evaluator: Evaluator, block: BlockRef, logs: Sequence[RawLog]) -> list[Applied]:
    """One historic block into the book, without evaluating."""
    decoded = [(log, evaluator.venue.decode(log)) for log in logs]
    applied = [Applied(event, "log", log) for log, event in decoded if event is not None]
    evaluator.restore(block.number, block.timestamp, [item.event for item in applied])
    return applied


def recorded_blocks(
    rows: Iterator[Mapping[str, Any]], event_types: Sequence[type[Event]]
) -> Iterator[tuple[int, Timestamp, list[Applied]]]:
    """Rows of venue_events, ordered by block and position, as (number, block time, events)."""
    for number, group in groupby(rows, key=lambda row: row["block_number"]):
        listed = list(group)
        time = Timestamp(int(listed[0]["block_time"].replace(tzinfo=UTC).timestamp()))
        yield number, time, [Applied(event_json.load(event_types, row["event"], row["payload"]), row["source"]) for row in listed]
