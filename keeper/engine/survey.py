"""The whole book at one block, for a person: from the lake as far as it is final there, then from the chain's own logs."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Protocol

from keeper.domain.chain import BlockRef
from keeper.engine.evaluator import Evaluator
from keeper.engine.ports import Chain, LogSource, RecordBatch, Recovered
from keeper.engine.recovery import Progress, Report, apply_logs, recorded_blocks


class Records(Protocol):
    """What a lake remembers of a venue."""

    def recovered(self, venue: str, finality_depth: int) -> Recovered:
        """Where the daemon last was."""

    def venue_events(self, venue: str) -> Iterator[RecordBatch]:
        """The recorded events in order."""


class Survey:
    """Brings an evaluator's book to a block without recording anything. `records` is None where there is no lake yet."""

    def __init__(
        self, chain: Chain, source: LogSource, records: Records | None, *, start_block: int, finality_depth: int, report: Report
    ) -> None:
        self._chain = chain
        self._source = source
        self._records = records
        self._start_block = start_block
        self._finality_depth = finality_depth
        self._report = report

    async def bring_to(self, name: str, evaluator: Evaluator, block: BlockRef) -> None:
        """Rebuild and catch up to `block`. Raises ConfigError (wrong addresses), DecodeError, RpcError (a node without that history)."""
        reached = self._from_lake(name, evaluator, block)
        if reached is None:
            reached = max(self._start_block - 1, 0)
            for event in await self._chain.run(evaluator.venue.snapshot(), block):
                evaluator.venue.apply(event, evaluator.book)
        if reached < block.number:
            async for block_ref, logs in self._source.backfill(evaluator.venue.filters(), reached + 1, block.number):
                apply_logs(evaluator, block_ref, logs)
                self._report(Progress(name, "chain", block_ref.number, reached + 1, block.number))
        keys = sorted(evaluator.book.account_keys())
        for event in await self._chain.run(evaluator.venue.resync(keys, evaluator.book), block):
            evaluator.venue.apply(event, evaluator.book)

    def _from_lake(self, name: str, evaluator: Evaluator, block: BlockRef) -> int | None:
        """The last block taken from the lake: none that could still be replaced, none after `block`."""
        cursor = self._records.recovered(name, self._finality_depth).cursor if self._records else None
        if self._records is None or cursor is None:
            return None
        last = min(block.number, cursor.number - self._finality_depth)
        if last < self._start_block:
            return None
        rows = (row for batch in self._records.venue_events(name) for row in batch.to_pylist())
        for number, timestamp, events in recorded_blocks(
            takewhile(lambda row: row["block_number"] <= last, rows), evaluator.venue.event_types
        ):
            evaluator.restore(number, timestamp, [item.event for item in events])
            self._report(Progress(name, "lake", number, self._start_block, last))
        return last
