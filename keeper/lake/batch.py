"""What one commit holds: queued calls folded into rows per table, cursor moves and blocks to take away. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.records import (
    AccountFlowRecord,
    AttemptRecord,
    BlockRecord,
    LateBlockRecord,
    LiquidationRecord,
    OutcomeRecord,
    PoolRangeRecord,
    Record,
    RepairRecord,
    VenueEventRecord,
)
from keeper.lake.recent import Recent


@dataclass(frozen=True, slots=True)
class BlockCall:
    """One block's records; the cursors of `venues` move to it."""

    block: BlockRef
    records: Sequence[Record]
    venues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppendCall:
    """Records between blocks."""

    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class RevertCall:
    """Blocks the chain has replaced."""

    orphaned: Sequence[BlockRef]


@dataclass(frozen=True, slots=True)
class CorrectionCall:
    """Blocks of a venue whose logs were not the chain's: `records` stand in place of what was recorded of those (`CORRECTED`)."""

    venue: str
    blocks: Sequence[BlockRef]
    records: Sequence[Record]


StoreCall: TypeAlias = BlockCall | AppendCall | RevertCall | CorrectionCall
CORRECTED: tuple[type[Record], ...] = (VenueEventRecord, LiquidationRecord, PoolRangeRecord, AccountFlowRecord)
"""What a correction replaces: all that logs tell."""
Sent: TypeAlias = tuple[str, str, str]
"""What makes a row of attempts (transaction, "", candidate) or outcomes (transaction, block, candidate) the same as one already written; or
of blocks ("", block, ""), which may come once for each of two venues."""
_OF_PART = tuple(each.name for each in fields(LateBlockRecord))
_ADDED = tuple(name for name in _OF_PART if name not in ("chain_id", "block_number", "block_hash", "block_time", "finished_at"))
"""Figures of a block to which each venue adds its own."""
_REMEMBERED = 50_000
"""Keys of each kind, some 15 MB: more blocks than can be told again, and a daemon that runs for months does not grow by them."""


@dataclass(slots=True)
class Written:
    """What the lake holds already, as far as it decides whether a row is new."""

    cursors: Recent[tuple[str, str]] = field(default_factory=lambda: Recent(_REMEMBERED))
    """(venue, block hash) of recent blocks."""
    sent: Recent[Sent] = field(default_factory=lambda: Recent(_REMEMBERED))
    orphaned: Recent[str] = field(default_factory=lambda: Recent(_REMEMBERED))
    """Hashes of replaced blocks: a late record about one of them must not come back."""


class Batch:
    """Calls of one commit in order. A row of a block that a later call takes away is never written."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self.rows: dict[type[Record], list[Record]] = {}
        self.cursors: list[tuple[str, BlockRef]] = []
        self.orphaned: dict[Hash32, BlockRef] = {}
        self.corrected: dict[tuple[str, Hash32], BlockRef] = {}

    def add(self, call: StoreCall) -> None:
        """Fold one more call in."""
        match call:
            case BlockCall():
                self._block(call)
            case AppendCall():
                self._append(call.records)
            case RevertCall():
                self._revert(call.orphaned)
            case CorrectionCall():
                self._correct(call)

    def row_count(self) -> int:
        """Rows to insert, and blocks to correct."""
        return sum(len(rows) for rows in self.rows.values()) + len(self.cursors) + len(self.corrected)

    def following(self, closing: bool) -> "Batch":
        """The batch after this one. Blocks to take away move on to it when this one brings no new block and is not the last."""
        later = Batch(self._written)
        if not self.cursors and not closing:
            later.orphaned, self.orphaned = self.orphaned, {}
        return later

    def _block(self, call: BlockCall) -> None:
        committed = {venue for venue in call.venues if (venue, call.block.hash) in self._written.cursors}
        new = [venue for venue in call.venues if venue not in committed]
        if not new:
            return
        self._written.orphaned.discard(call.block.hash)
        self._written.cursors.update((venue, call.block.hash) for venue in new)
        self.cursors += [(venue, call.block) for venue in new]
        self._append(record for record in call.records if not committed or getattr(record, "venue", None) in new)

    def _append(self, records: Iterable[Record]) -> None:
        for record in records:
            if not stands_alone(type(record)) and record.block_hash in self._written.orphaned:
                continue
            if self._is_new(record):
                self.rows.setdefault(type(record), []).append(record)
            elif isinstance(record, BlockRecord):
                self._complete(record)

    def _complete(self, part: BlockRecord) -> None:
        """A block that has its row: what one more venue made of it is added, or stands beside the row where that is committed."""
        rows = self.rows.get(BlockRecord, [])
        place = next((number for number, row in enumerate(rows) if row.block_hash == part.block_hash), None)
        if place is None:
            self.rows.setdefault(LateBlockRecord, []).append(LateBlockRecord(**{name: getattr(part, name) for name in _OF_PART}))
        else:
            figures: dict[str, Any] = {name: _sum(getattr(rows[place], name), getattr(part, name)) for name in _ADDED}
            rows[place] = replace(rows[place], **figures)

    def _is_new(self, record: Record) -> bool:
        """Attempts, outcomes and blocks may be told again after a crash; the other tables' rows stand and fall with their block."""
        key = sent_key(record)
        if key is None:
            return True
        new = key not in self._written.sent
        self._written.sent.add(key)
        return new

    def _correct(self, call: CorrectionCall) -> None:
        """Rows that are not committed yet give way here, committed ones in the transaction that writes the new ones."""
        hashes = {block.hash for block in call.blocks}
        self.corrected.update(((call.venue, block.hash), block) for block in call.blocks)
        for kind in CORRECTED:
            rows = self.rows.get(kind, [])
            self.rows[kind] = [row for row in rows if row.block_hash not in hashes or getattr(row, "venue", None) != call.venue]
        self._append(call.records)

    def _revert(self, orphaned: Sequence[BlockRef]) -> None:
        hashes = {block.hash for block in orphaned}
        self.orphaned.update((block.hash, block) for block in orphaned)
        self.cursors = [(venue, block) for venue, block in self.cursors if block.hash not in hashes]
        for kind, rows in self.rows.items():
            if stands_alone(kind):
                continue
            self.rows[kind] = [row for row in rows if row.block_hash not in hashes]
        self._written.orphaned.update(hashes)
        self._written.cursors.remove(lambda key: key[1] in hashes)
        self._written.sent.remove(lambda key: key[1] in hashes)


def stands_alone(kind: type[Record]) -> bool:
    """True for rows that outlive their block: a transaction that was signed may be mined whatever became of the block that suggested it,
    and evidence is evidence."""
    return kind in (AttemptRecord, RepairRecord)


def sent_key(record: Record) -> Sent | None:
    """The identity of an attempt, outcome or block; None for records without one."""
    if isinstance(record, AttemptRecord):
        return (record.transaction_hash, "", record.candidate_id)
    if isinstance(record, OutcomeRecord):
        return (record.transaction_hash, record.block_hash, record.candidate_id)
    if isinstance(record, BlockRecord):
        return ("", record.block_hash, "")
    return None


def _sum(figure: int | None, more: int | None) -> int | None:
    """None where neither is known."""
    return more if figure is None else figure + (more or 0)
