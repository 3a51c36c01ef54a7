"""A venue whose state differs from the chain's is mended and goes on: wrong rows of the lake, parameters that changed without an event.

Nothing is healed silently: every correction leaves its evidence in the lake (`repairs`) and a line in the log."""

import asyncio
import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from itertools import groupby, zip_longest
from typing import Any, Protocol, TypeAlias

from structlog.typing import FilteringBoundLogger

from keeper.domain import event_json
from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.agreement import agreement
from keeper.domain.chain import BlockRef, Hash32, Reads, Timestamp
from keeper.domain.chain_view import ChainView
from keeper.domain.decision import CandidateId
from keeper.domain.records import AccountSnapshotRecord, Record, VenueEventRecord
from keeper.domain.venue import Event
from keeper.engine import recording, view_rows
from keeper.engine.audit import Archive, Audit, EventRows, Row, WrongBlock
from keeper.engine.evaluator import Applied, Evaluator
from keeper.engine.parity import described, mismatches, parity_rows
from keeper.engine.ports import Witnesses
from keeper.engine.recording import BlockKeys
from keeper.errors import ConfigError, EndpointsDisagree, RpcUnavailable, StateDivergence

_MOST_UNEXPLAINED = 3
"""Rebuilding a book whose rows are all true may help after a fault of ours. More often than so, it hides one."""


class Ledger(EventRows, Protocol):
    """What is recorded, and the way to correct it."""

    def correct(self, venue: str, blocks: Sequence[BlockRef], records: Sequence[Record]) -> None:
        """Put `records` in place of what logs told of the venue in these blocks, in one transaction."""

    def last_match(self, venue: str, accounts: Collection[str]) -> int | None:
        """The newest block up to which every one of these accounts once equalled the contract's view; None when one never did."""

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate that a transaction of ours was for by this account."""

    def flush(self) -> None:
        """Wait until everything queued is committed; blocking."""


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """What the repair must know of the settings."""

    chain_id: int
    start_block: int
    finality_depth: int


@dataclass(slots=True)
class _Draft:
    """A repair under way: what was found and what will be written, all of it at once."""

    keys: BlockKeys
    divergence: str
    wrong: Sequence[WrongBlock]
    rows_at_block: int = 0
    parameters_before: Sequence[Event] = ()
    parameters: Sequence[Event] = ()
    records: list[Record] = field(default_factory=list)

    def drop_reads(self) -> None:
        """What was read at the newest block explained nothing: it is not recorded."""
        self.parameters = ()
        self.records = [record for record in self.records if not isinstance(record, VenueEventRecord)]


class Repair:
    """Mends one venue at a time, with the book standing at a recorded block."""

    def __init__(
        self,
        chain: Witnesses,
        archive: Archive,
        ledger: Ledger,
        options: RepairOptions,
        clock: Callable[[], float],
        log: FilteringBoundLogger,
    ) -> None:
        self._chain = chain
        self._ledger = ledger
        self._audit = Audit(archive, ledger)
        self._options = options
        self._clock = clock
        self._log = log
        self._unexplained = 0
        self._at_work = 0

    @property
    def at_work(self) -> bool:
        """Whether a venue's book is being rebuilt: it says nothing of its venue meanwhile."""
        return self._at_work > 0

    async def run(self, name: str, evaluator: Evaluator, block: BlockRef) -> None:
        """Compare everybody at `block`, the newest recorded one, and mend what differs.

        Raises EndpointsDisagree while endpoints contradict each other, BlockUnknown, RpcError and Transient while the chain cannot tell,
        and StateDivergence when nothing explains the difference: then the venue must stop."""
        views = await self._agreed_views(evaluator, block)
        different = await self._different(name, evaluator, block, views)
        if different:
            await self.mend(name, evaluator, block, described(different[0]), frozenset(AccountKey(row.account) for row in different))

    async def mend(self, name: str, evaluator: Evaluator, block: BlockRef, divergence: str, accounts: Collection[AccountKey] = ()) -> None:
        """Correct rows and book. `accounts` are those that differ: the rows since they last matched are looked through first, then all
        history, as rows may have been lost after they were compared. Raises as `run`."""
        self._at_work += 1
        try:
            await self._mend(name, evaluator, block, divergence, accounts)
        finally:
            self._at_work -= 1

    async def _mend(self, name: str, evaluator: Evaluator, block: BlockRef, divergence: str, accounts: Collection[AccountKey]) -> None:
        suspect = self._first_suspect(name, accounts)
        if suspect > self._options.start_block:
            try:
                await self._mend_since(suspect, name, evaluator, block, divergence)
            except StateDivergence as error:
                self._log.warning("all history is looked through", venue=name, problem=str(error))
            else:
                return
        await self._mend_since(self._options.start_block, name, evaluator, block, divergence)

    async def _mend_since(self, first: int, name: str, evaluator: Evaluator, block: BlockRef, divergence: str) -> None:
        await asyncio.to_thread(self._ledger.flush)
        wrong = await self._audit.wrong_blocks(name, evaluator.venue, first, block.number)
        draft = _Draft(BlockKeys(self._options.chain_id, name, block), divergence, wrong)
        try:
            await self._rebuild(evaluator, draft)
            if await self._different(name, evaluator, block):
                await self._read_parameters(evaluator, draft)
                different = await self._different(name, evaluator, block)
                if different:
                    raise StateDivergence(described(different[0]))
            if not wrong and not draft.parameters:
                self._count_unexplained(divergence)
        except StateDivergence as error:
            draft.drop_reads()
            raise StateDivergence(_unmended(str(error), first)) from error
        finally:
            # Rows that are proven wrong are corrected even where that does not explain all.
            self._write(draft)

    def _first_suspect(self, name: str, accounts: Collection[AccountKey]) -> int:
        good = self._ledger.last_match(name, accounts) if accounts else None
        return max(self._options.start_block, 0 if good is None else good + 1)

    async def _different(
        self, name: str, evaluator: Evaluator, block: BlockRef, views: Sequence[ChainView] | None = None
    ) -> list[AccountSnapshotRecord]:
        """Everybody of whom the contract says otherwise: in `views`, or as the chain tells it now."""
        local = await evaluator.appraise(block)
        if views is None:
            views = await self._chain.run(evaluator.venue.chain_views(sorted(local)), block)
        present = [view for view in views if view.account in local]
        return mismatches(parity_rows(BlockKeys(self._options.chain_id, name, block), present, local))

    async def _agreed_views(self, evaluator: Evaluator, block: BlockRef) -> Sequence[ChainView]:
        """Everybody's figures as the endpoints together tell them; what our own are computed from must be told alike too.

        Raises EndpointsDisagree, and RpcUnavailable when none answers."""
        keys = sorted(evaluator.book.account_keys())
        testimonies = await self._chain.witnesses(lambda: _testimony(evaluator, keys, block), block)
        if not testimonies:
            raise RpcUnavailable(f"no endpoint tells of the accounts at block {block.number}")
        verdict = agreement(testimonies)
        if verdict is None:
            raise EndpointsDisagree(f"endpoints contradict each other about block {block.number}: {_contradiction(testimonies)}")
        for endpoint in verdict.dissenters:
            self._chain.distrust(endpoint, f"contradicts the others about block {block.number}")
        return verdict.value[0]

    async def _rebuild(self, evaluator: Evaluator, draft: _Draft) -> None:
        """The book anew from the recorded events, with the true ones in wrong blocks; then names that are missing are asked for, and what
        events tell only approximately."""
        await asyncio.to_thread(self._replay, evaluator, draft)
        venue, book = evaluator.venue, evaluator.book
        self._apply(evaluator, draft, await self._chain.run(venue.describe(book), draft.keys.block), "describe")
        for item in draft.wrong:
            draft.records += view_rows.logged_rows(replace(draft.keys, block=item.block), venue, book, item.logged)
        keys = sorted(evaluator.book.account_keys())
        events = await self._chain.run(evaluator.venue.resync(keys, evaluator.book), draft.keys.block)
        self._apply(evaluator, draft, events, "resync")

    def _replay(self, evaluator: Evaluator, draft: _Draft) -> None:
        wrong = {item.block.number: item for item in draft.wrong}
        final = draft.keys.block.number - self._options.finality_depth
        evaluator.forget()
        for number, timestamp, applied in self._history(evaluator, draft):
            evaluator.restore(number, timestamp, [item.event for item in applied])
            if number in wrong:
                draft.records += self._liquidation_rows(evaluator, draft.keys, wrong[number])
            if number <= final:
                evaluator.book.finalise(number)

    def _history(self, evaluator: Evaluator, draft: _Draft) -> Iterator[tuple[int, Timestamp, list[Applied]]]:
        """Recorded blocks up to the newest one, with the true events in wrong ones, in order."""
        types, newest = evaluator.venue.event_types, draft.keys.block.number
        true = [(item.block.number, item.block.timestamp, [*item.logged, *_applied(types, item.reads)]) for item in draft.wrong]
        wrong = {number for number, _, _ in true}
        rows = (row for batch in self._ledger.venue_events(draft.keys.venue) for row in batch.to_pylist())
        blocks = (list(group) for _, group in groupby(rows, key=lambda row: row["block_number"]))
        unchanged = (
            (block[0]["block_number"], _time(block[0]), _applied(types, block)) for block in blocks if block[0]["block_number"] not in wrong
        )
        for number, timestamp, applied in heapq.merge(true, unchanged, key=lambda block: block[0]):
            if number > newest:
                return
            draft.rows_at_block = len(applied) if number == newest else 0
            draft.parameters_before = [item.event for item in applied if item.source == "snapshot"] or draft.parameters_before
            yield number, timestamp, applied

    async def _read_parameters(self, evaluator: Evaluator, draft: _Draft) -> None:
        """What the chain's parameters are now: some changes have no event. They count from this block on."""
        try:
            events = await self._chain.run(evaluator.venue.snapshot(), draft.keys.block)
        except ConfigError as error:
            raise StateDivergence(f"{draft.divergence}; and its parameters cannot be read: {error}") from error
        self._apply(evaluator, draft, events, "snapshot")
        draft.parameters = events

    def _apply(self, evaluator: Evaluator, draft: _Draft, events: Sequence[Event], source: str) -> None:
        """Events of the newest block beside those it has."""
        for event in events:
            evaluator.venue.apply(event, evaluator.book)
        draft.records += recording.event_rows(draft.keys, [Applied(event, source) for event in events], draft.rows_at_block)
        draft.rows_at_block += len(events)

    def _liquidation_rows(self, evaluator: Evaluator, keys: BlockKeys, item: WrongBlock) -> list[Record]:
        events = [(one.log, one.event) for one in item.logged if one.log is not None]
        observed = evaluator.venue.observed(events, evaluator.book)
        named = {
            (one.log.transaction_hash, one.account): self._ledger.candidate_of(one.log.transaction_hash, (keys.venue, one.account))
            for one in observed
        }
        candidates = {key: candidate for key, candidate in named.items() if candidate is not None}
        return [*recording.liquidation_rows(replace(keys, block=item.block), observed, evaluator.executor, candidates)]

    def _write(self, draft: _Draft) -> None:
        """Corrected rows, what was read, and the evidence."""
        at = recording.timestamp_us(self._clock())
        for item in draft.wrong:
            keys = replace(draft.keys, block=item.block)
            rows = recording.event_rows(keys, item.logged)
            draft.records += rows
            draft.records += [_moved(row, len(rows) + place) for place, row in enumerate(item.reads)]
            was = [f"{row['event']} {row['payload']}" for row in item.was]
            draft.records.append(
                recording.repair_row(keys, "logs", item.witness, draft.divergence, was, _words([one.event for one in item.logged]), at)
            )
            self._log.error("venue repaired", venue=keys.venue, block=item.block.number, cause="logs", was=len(was), became=len(rows))
        if draft.parameters:
            was, became = _words(draft.parameters_before), _words(draft.parameters)
            draft.records.append(recording.repair_row(draft.keys, "parameters", "read at the block", draft.divergence, was, became, at))
            self._log.error("venue repaired", venue=draft.keys.venue, block=draft.keys.block.number, cause="parameters")
        if draft.records:
            self._ledger.correct(draft.keys.venue, [item.block for item in draft.wrong], draft.records)

    def _count_unexplained(self, divergence: str) -> None:
        """Raises StateDivergence when it has happened too often."""
        self._unexplained += 1
        self._log.error("venue repaired", cause="book", divergence=divergence)
        if self._unexplained > _MOST_UNEXPLAINED:
            raise StateDivergence(f"{divergence}: the book had to be rebuilt {self._unexplained} times though all its events are true")


Testimony: TypeAlias = tuple[tuple[Any, ...], ...]
"""What one endpoint says of a block: everybody's views, the markets, what accounts have pending."""


def _testimony(evaluator: Evaluator, keys: Sequence[AccountKey], block: BlockRef) -> Reads[Testimony]:
    venue, book = evaluator.venue, evaluator.book
    views = yield from venue.chain_views(keys)
    markets = yield from venue.refresh(book, block.timestamp)
    pending = yield from venue.inspect(keys, book, block.timestamp)
    return tuple(views), tuple(markets), tuple(pending)


def _contradiction(said: Sequence[tuple[str, Testimony]]) -> str:
    """The first thing that they say differently."""
    answers = [[item for part in testimony for item in part] for _, testimony in said]
    differing = next((items for items in zip_longest(*answers) if len(set(items)) > 1), ())
    return "; ".join(f"{endpoint} says {item}" for (endpoint, _), item in zip(said, differing, strict=False))


def _unmended(divergence: str, first: int) -> str:
    return (
        f"{divergence}. Neither the logs since block {first} nor the venue's parameters explain it. Stop the daemon, move the lake's "
        "directory away and start again: all is rebuilt from chain.start_block. If it differs again, the contracts are another release."
    )


def _applied(types: Sequence[type[Event]], rows: Sequence[Row]) -> list[Applied]:
    return [Applied(event_json.load(types, row["event"], row["payload"]), row["source"]) for row in rows]


def _time(row: Row) -> Timestamp:
    return Timestamp(int(row["block_time"].replace(tzinfo=UTC).timestamp()))


def _moved(row: Row, position: int) -> VenueEventRecord:
    """A row of the lake at another place of its block."""
    return VenueEventRecord(**{**row, "block_time": _time(row), "position": position})


def _words(events: Sequence[Event]) -> list[str]:
    return [f"{type(event).__name__} {event_json.dump(event)}" for event in events]
