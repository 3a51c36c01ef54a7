"""Start-up is recovery: the recorded events rebuild each book, the backfill brings what happened meanwhile, then the follower goes on."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from typing import Any, TypeAlias

from keeper.domain import event_json
from keeper.domain.chain import BlockRef, RawLog, Timestamp
from keeper.engine import recording
from keeper.engine.evaluator import Applied, Evaluator
from keeper.engine.ports import Chain, LogSource, Memory
from keeper.engine.recording import Where

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


@dataclass(frozen=True, slots=True)
class Start:
    """Where to follow from: the last processed block, and those up to it that may still be replaced."""

    after: BlockRef
    known: tuple[BlockRef, ...]


@dataclass(frozen=True, slots=True)
class Horizon:
    """What the start aims at: the venues' first block, the newest block, and the newest that counts as final."""

    chain_id: int
    start_block: int
    finality_depth: int
    head: BlockRef
    final: BlockRef


class Recovery:
    """Brings every evaluator to the newest final block, or to the lake's cursor where that is newer."""

    def __init__(self, chain: Chain, source: LogSource, memory: Memory, *, record_reads: bool, report: Report) -> None:
        self._chain = chain
        self._source = source
        self._memory = memory
        self._record_reads = record_reads
        self._report = report

    async def run(self, evaluators: Mapping[str, Evaluator[Any, Any]], chain_id: int, start_block: int, finality_depth: int) -> Start:
        """Rebuild, then catch up. Raises ConfigError where the venue's snapshot finds wrong addresses, DecodeError, Fatal."""
        head = await self._chain.head()
        final = await self._chain.block(max(head.number - finality_depth, start_block - 1, 0))
        horizon = Horizon(chain_id, start_block, finality_depth, head, final)
        starts = [await self._venue(name, evaluator, horizon) for name, evaluator in evaluators.items()]
        # One follower serves all venues: it begins where the newest of them stands, the others were brought there.
        return max(starts, key=lambda start: start.after.number)

    async def _venue(self, name: str, evaluator: Evaluator[Any, Any], horizon: Horizon) -> Start:
        recovered = self._memory.recovered(name, horizon.finality_depth)
        cursor = recovered.cursor
        if cursor is None:
            cursor = await self._snapshot(name, evaluator, horizon)
        else:
            self._rebuild(name, evaluator, cursor, horizon.finality_depth)
            if not self._record_reads:
                await self._resync(evaluator, cursor)
        if cursor.number >= horizon.final.number:
            return Start(cursor, recovered.unfinalised)
        await self._backfill(name, evaluator, cursor, horizon)
        return Start(horizon.final, ())

    async def _snapshot(self, name: str, evaluator: Evaluator[Any, Any], horizon: Horizon) -> BlockRef:
        """Parameters no event tells, as of now, stand before the first block: later events repeat their changes."""
        base = await self._chain.block(max(horizon.start_block - 1, 0))
        events = await self._chain.run(evaluator.venue.snapshot(), horizon.head)
        evaluator.restore(base.number, base.timestamp, events)
        rows = recording.event_rows(Where(horizon.chain_id, name, base), [Applied(event, "snapshot") for event in events])
        self._memory.block(base, rows, (name,))
        return base

    def _rebuild(self, name: str, evaluator: Evaluator[Any, Any], cursor: BlockRef, finality_depth: int) -> None:
        rows = (row for batch in self._memory.venue_events(name) for row in batch.to_pylist())
        for number, timestamp, events in recorded_blocks(rows, evaluator.venue.event_types):
            evaluator.restore(number, timestamp, [item.event for item in events])
            if number <= cursor.number - finality_depth:
                evaluator.book.finalise(number)
            self._report(Progress(name, "lake", number, 0, cursor.number))

    async def _backfill(self, name: str, evaluator: Evaluator[Any, Any], cursor: BlockRef, horizon: Horizon) -> None:
        first, last = cursor.number + 1, horizon.final.number
        done = 0
        async for block, logs in self._source.backfill(evaluator.venue.filters(), first, last):
            applied = apply_logs(evaluator, block, logs)
            if block.number == last:
                applied += [Applied(event, "resync") for event in await self._resync(evaluator, block)]
            evaluator.book.finalise(block.number)
            self._memory.block(block, recording.event_rows(Where(horizon.chain_id, name, block), applied), (name,))
            self._report(Progress(name, "chain", block.number, first, last))
            done += 1
            if done % _FLUSH_EVERY == 0:
                await asyncio.to_thread(self._memory.flush)

    async def _resync(self, evaluator: Evaluator[Any, Any], block: BlockRef) -> Sequence[Any]:
        """What events tell only approximately, asked exactly."""
        keys = sorted(evaluator.book.account_keys())
        events = await self._chain.run(evaluator.venue.resync(keys, evaluator.book), block)
        for event in events:
            evaluator.venue.apply(event, evaluator.book)
        return events


def apply_logs(evaluator: Evaluator[Any, Any], block: BlockRef, logs: Sequence[RawLog]) -> list[Applied[Any]]:
    """One historic block into the book, without evaluating."""
    decoded = [(log, evaluator.venue.decode(log)) for log in logs]
    applied = [Applied(event, "log", log) for log, event in decoded if event is not None]
    evaluator.restore(block.number, block.timestamp, [item.event for item in applied])
    return applied


def recorded_blocks(
    rows: Iterator[Mapping[str, Any]], event_types: Sequence[type[Any]]
) -> Iterator[tuple[int, Timestamp, list[Applied[Any]]]]:
    """Rows of venue_events, ordered by block and position, as (number, block time, events)."""
    for number, group in groupby(rows, key=lambda row: row["block_number"]):
        listed = list(group)
        time = Timestamp(int(listed[0]["block_time"].replace(tzinfo=UTC).timestamp()))
        yield number, time, [Applied(event_json.load(event_types, row["event"], row["payload"]), row["source"]) for row in listed]
