"""The lake's log rows against what the chain logged, block by block, whoever of the endpoints is asked."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from keeper.domain import event_json
from keeper.domain.chain import BlockRef, LogFilter, RawLog
from keeper.domain.venue import Venue
from keeper.engine.evaluator import Applied
from keeper.engine.ports import RecordBatch

Row: TypeAlias = Mapping[str, Any]
"""A row of venue_events."""
_PROVEN = "all receipts of the block, proven by its header"


class Archive(Protocol):
    """The chain's past, from any endpoint."""

    @property
    def endpoints(self) -> int:
        """How many there are."""

    async def block(self, number: int) -> BlockRef:
        """The canonical block at `number`."""

    def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, turn: int = 0
    ) -> AsyncIterator[tuple[BlockRef, tuple[RawLog, ...]]]:
        """Blocks with logs between `first` and `last`, from the endpoint whose `turn` it is where it answers."""

    async def proven_logs(self, block: BlockRef, filters: Sequence[LogFilter]) -> Sequence[RawLog] | None:
        """The block's logs out of all its receipts; None where no endpoint has those."""


class EventRows(Protocol):
    """The recorded events."""

    def venue_events(self, venue: str, *, after: int = -1) -> Iterator[RecordBatch]:
        """The rows of venue_events above block `after`, in order of block and position."""


@dataclass(frozen=True, slots=True)
class WrongBlock:
    """A block whose log rows are not what the chain logged: those rows, all its other rows, the true events, and who vouches for them."""

    block: BlockRef
    was: Sequence[Row]
    reads: Sequence[Row]
    logged: Sequence[Applied]
    witness: str


class Audit:
    """Finds wrong blocks. Reads the chain from every endpoint once, and receipts of the blocks in doubt only."""

    def __init__(self, archive: Archive, rows: EventRows) -> None:
        self._archive = archive
        self._rows = rows

    async def wrong_blocks(self, name: str, venue: Venue, first: int, last: int) -> list[WrongBlock]:
        """Of the blocks `first` to `last`, oldest first. What was recorded of a block that is orphaned by now is left to the reorg.

        Raises BlockUnknown, RpcError and Transient while the chain cannot tell, DecodeError."""
        recorded = await asyncio.to_thread(self._recorded, name, first, last)
        versions = [await self._told(venue, first, last, turn) for turn in range(self._archive.endpoints)]
        wrong: list[WrongBlock] = []
        for number in sorted({*recorded, *(number for version in versions for number in version)}):
            rows = recorded.get(number, [])
            candidates = [version.get(number, []) for version in versions]
            if any(_events(candidate) != _rows(rows) for candidate in candidates):
                item = await self._examined(venue, number, rows, candidates)
                wrong += [item] if item is not None else []
        return wrong

    async def _examined(self, venue: Venue, number: int, rows: Sequence[Row], candidates: Sequence[Sequence[Applied]]) -> WrongBlock | None:
        """The truth about a block in doubt; None when what is recorded is true, or of another fork."""
        block = await self._archive.block(number)
        if any(row["block_hash"] != block.hash for row in rows):
            return None
        logs = await self._archive.proven_logs(block, venue.filters())
        logged: Sequence[Applied] = _decoded(venue, logs or ())
        witness = _PROVEN
        if logs is None:
            # A log that is bound to the block's hash and admitted by its bloom is rather true than forged.
            logged, witness = max(candidates, key=len), f"the most that {len(candidates)} endpoints tell, admitted by the bloom"
        if _events(logged) == _rows(rows):
            return None
        reads = [row for row in rows if row["source"] != "log"]
        return WrongBlock(block, [row for row in rows if row["source"] == "log"], reads, logged, witness)

    async def _told(self, venue: Venue, first: int, last: int, turn: int) -> Mapping[int, list[Applied]]:
        events_of_block: dict[int, list[Applied]] = {}
        async for block, logs in self._archive.backfill(venue.filters(), first, last, turn=turn):
            if events := _decoded(venue, logs):
                events_of_block[block.number] = events
        return events_of_block

    def _recorded(self, name: str, first: int, last: int) -> Mapping[int, list[Row]]:
        recorded: dict[int, list[Row]] = {}
        for batch in self._rows.venue_events(name, after=first - 1):
            for row in batch.to_pylist():
                if row["block_number"] > last:
                    return recorded
                recorded.setdefault(row["block_number"], []).append(row)
        return recorded


def _decoded(venue: Venue, logs: Sequence[RawLog]) -> list[Applied]:
    decoded = [(log, venue.decode(log)) for log in logs]
    return [Applied(event, "log", log) for log, event in decoded if event is not None]


def _events(logged: Sequence[Applied]) -> list[tuple[Any, ...]]:
    """What must be equal: place, transaction, event."""
    return [
        (item.log.log_index, item.log.transaction_hash, type(item.event).__name__, event_json.dump(item.event))
        for item in logged
        if item.log is not None
    ]


def _rows(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [(row["log_index"], row["transaction_hash"], row["event"], row["payload"]) for row in rows if row["source"] == "log"]
