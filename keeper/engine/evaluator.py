"""One venue, block by block: logs into the book, market reads, the accounts that left their boxes, exact health, candidates.

The same code runs live and in replay; only the `Questions` differ (chain reads, or what was recorded of them)."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, BlockAdded, BlockRef, RawLog, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.health import Health
from keeper.domain.journal import Journal
from keeper.domain.plan import LiquidationCall, LiquidationPlan, NoPlan, Until
from keeper.domain.quote import PriceId
from keeper.domain.use import Use
from keeper.domain.venue import Book, Event, Venue
from keeper.domain.views import InsuranceFund, LiquidationObserved, PoolState
from keeper.domain.watchlist import Watchlist
from keeper.engine.gather import gather


class Questions(Protocol):
    """Answers to a venue's questions about one block."""

    async def refresh(self, venue: Venue, book: Book, block: BlockRef, at: Timestamp) -> Sequence[Event]:
        """Market reads valid at `at`: the block's own time, or later (a forecast)."""

    async def inspect(self, venue: Venue, keys: Sequence[AccountKey], book: Book, block: BlockRef, at: Timestamp) -> Sequence[Event]:
        """Account reads valid at `at`."""

    def quoted(self, venue: Venue, book: Book, at: Timestamp) -> Sequence[Event]:
        """What the newest signed prices mean at `at`, once they are on the chain."""

    def push(self, venue: Venue, book: Book, price_ids: Sequence[PriceId]) -> Sequence[LiquidationCall]:
        """What puts these on the chain."""

    def data_fee(self) -> DataFee | None:
        """What came with the last `refresh` at a block's own time: the prices of the chain's L1 data fee, where it has one."""

    def market_tip_wei(self) -> int | None:
        """The tip that others pay, wei per unit of gas, as came with the last reads of a new block; None where nobody tells."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One event of the block in the order it was applied; `log` is None for what was read. `source` names the question."""

    event: Event
    source: str
    log: RawLog | None = None


@dataclass(frozen=True, slots=True)
class MarginTest:
    """One exact margin test. `basis` is the time it holds for."""

    account: AccountKey
    health: Health
    basis: Timestamp


@dataclass(frozen=True, slots=True)
class BlockEvaluation:
    """What one block brought. `basis` is the time candidates were evaluated for; `breaches` are the accounts the venue would let us act on
    in the next block, each with the block its breach was first seen in. `quoted_at` where signed prices brought it, after the block.
    `market_tip_wei`: the tip that others pay, as far as it is known."""

    block: BlockRef
    basis: Timestamp
    applied: Sequence[Applied]
    evaluated: Sequence[MarginTest]
    breaches: Mapping[AccountKey, int]
    observed: Sequence[LiquidationObserved]
    watched: int
    data_fee: DataFee | None = None
    quoted_at: Timestamp | None = None
    market_tip_wei: int | None = None


Latest: TypeAlias = Journal[str | None, PoolState | InsuranceFund]
"""What was last recorded of each market's pool, and under None of the insurance fund."""


class Evaluator:
    """Keeps one venue's book and watchlist in step with the chain."""

    def __init__(
        self,
        venue: Venue,
        questions: Questions,
        *,
        executor: Address | None,
        block_seconds: int,
        forecast: bool,
    ) -> None:
        self.venue = venue
        self.book = venue.new_book()
        self.latest: Latest = Journal()
        """Undone with the book."""
        self._questions = questions
        self.executor = executor
        self._ahead = block_seconds if forecast else 0
        self._watchlist = Watchlist()
        self._due: set[AccountKey] = set()
        self._first_breach: dict[AccountKey, int] = {}
        self._waits: dict[AccountKey, tuple[NoPlan, Until]] = {}
        self._number = 0

    def forget(self) -> None:
        """Begin again with an empty book, for a rebuild; who is breached since when is kept."""
        self.book = self.venue.new_book()
        self._watchlist = Watchlist()
        self._due = set()
        self._waits = {}

    def restore(self, block_number: int, timestamp: Timestamp, events: Iterable[Event]) -> None:
        """Apply one recorded block on the way back from the lake, without evaluating."""
        self.book.open_block(block_number, timestamp)
        for event in events:
            self._due |= self.venue.apply(event, self.book)

    def claimed(self, logs: Sequence[RawLog]) -> tuple[RawLog, ...]:
        """Those of a block's logs that are this venue's."""
        addresses = {address for one in self.venue.filters() for address in one.addresses}
        return tuple(log for log in logs if log.address in addresses)

    def finalised(self, block: BlockRef) -> None:
        """Give up the undo layers up to `block`."""
        self.book.finalise(block.number)
        self.latest.finalise(block.number)

    def reverted(self, ancestor: BlockRef) -> None:
        """Undo everything above `ancestor`; what changed back is looked at again with the next block."""
        self.undo(ancestor.number + 1)

    def undo(self, first: int) -> None:
        """Undo block `first` and everything after it."""
        self._due |= self.book.rollback(first - 1)
        self._waits = {}
        self.latest.rollback(first - 1)
        self._first_breach = {key: number for key, number in self._first_breach.items() if number < first}

    async def added(self, event: BlockAdded, also: Set[AccountKey] = frozenset()) -> BlockEvaluation:
        """Take in the next block and evaluate what it concerns, plus `also`. Raises DecodeError (VenueFault)."""
        decoded = [(log, self.venue.decode(log)) for log in event.logs]
        return await self.process_decoded(
            event.block, [Applied(venue_event, "log", log) for log, venue_event in decoded if venue_event is not None], also
        )

    async def process_decoded(self, block: BlockRef, logged: Sequence[Applied], also: Set[AccountKey] = frozenset()) -> BlockEvaluation:
        """The same with the block's log events already decoded (a replay has no raw logs)."""
        following = Timestamp(block.timestamp + self._ahead)
        moments = (block.timestamp, following) if self._ahead else (block.timestamp,)
        self.book.open_block(block.number, block.timestamp)
        self.latest.open_block(block.number)
        self._number = block.number
        touched = frozenset[AccountKey]().union(*(self.venue.apply(item.event, self.book) for item in logged))
        self._waits = {key: wait for key, wait in self._waits.items() if key not in touched}
        self._due |= touched
        applied = list(logged)
        applied += await self._refresh(block, moments)
        if self._ahead:
            # Only what the next block may bring: the head's own time stays as the chain has it.
            applied += self._apply_reads(self._questions.quoted(self.venue, self.book, following), "quote")
        due = self._due_accounts(moments) | (also & self.book.account_keys())
        # They stay due until they are evaluated: a read that fails now must not lose them.
        self._due = set(due)
        applied += await self._inspect(sorted(due), block, moments)
        evaluated = [MarginTest(key, self.venue.health(key, self.book, at), at) for key in sorted(due) for at in moments]
        self._due = set()
        observed = self.venue.observed([(item.log, item.event) for item in applied if item.log is not None], self.book)
        for liquidated in observed:
            # What is left of it is a breach of its own: how long it is due counts from here.
            self._first_breach.pop(liquidated.account, None)
        return BlockEvaluation(
            block=block,
            basis=moments[-1],
            applied=applied,
            evaluated=evaluated,
            breaches=self._breaches(evaluated, moments, block.number),
            observed=observed,
            watched=len(self._watchlist),
            data_fee=self._questions.data_fee(),
            market_tip_wei=self._questions.market_tip_wei(),
        )

    async def tick(self, block: BlockRef, quoted_at: Timestamp) -> BlockEvaluation:
        """Between blocks: signed prices have come, published at `quoted_at` at the latest. Evaluates whom they concern, for the block after
        `block`, at which the book stands."""
        at = Timestamp(block.timestamp + self._ahead)
        applied = self._apply_reads(self._questions.quoted(self.venue, self.book, at), f"tick:{quoted_at}") if self._ahead else []
        due = self._due_accounts((at,))
        self._due = set(due)
        inspection = await self._questions.inspect(self.venue, sorted(due), self.book, block, at)
        applied += self._apply_reads(inspection, f"tick_inspect:{quoted_at}")
        evaluated = [MarginTest(key, self.venue.health(key, self.book, at), at) for key in sorted(due)]
        self._due = set()
        breaches = self._breaches(evaluated, (at,), block.number)
        watched = len(self._watchlist)
        return BlockEvaluation(block, at, applied, evaluated, breaches, (), watched, self._questions.data_fee(), quoted_at)

    def plan(self, key: AccountKey, at: Timestamp, used: Use) -> LiquidationPlan | NoPlan:
        """What to do about a breached account at a time of the newest evaluation, once plans that take `used` are carried out. One that can
        only be waited for is not asked about again before that."""
        wait = self._waits.get(key)
        if wait is not None and not wait[1].is_over(at, self._number):
            return wait[0]
        plan = self.venue.plan(key, self.book, at, self.executor or _NOBODY, used)
        if isinstance(plan, LiquidationPlan):
            return replace(plan, calls=(*self._questions.push(self.venue, self.book, plan.quotes), *plan.calls)) if plan.quotes else plan
        if plan.until is not None:
            self._waits[key] = plan, plan.until
        return plan

    def unwind(self, at: Timestamp, used: Use) -> LiquidationPlan | None:
        """How to close what the executor still holds; None without one."""
        return self.venue.unwind(self.executor, self.book, at, used) if self.executor else None

    async def evaluate(self, block: BlockRef, keys: Set[AccountKey] | None = None, at: Timestamp | None = None) -> Sequence[MarginTest]:
        """Evaluate accounts (all of them without `keys`) at `block`, without boxes, candidates or undo. For people, not for the loop.

        With `at`, a time after the block's, as if the newest signed prices were put on the chain then."""
        moment = block.timestamp if at is None else at
        chosen = sorted(self.book.account_keys() if keys is None else keys & self.book.account_keys())
        await self._refresh(block, (moment,))
        if moment > block.timestamp:
            self._apply_reads(self._questions.quoted(self.venue, self.book, moment), "quote")
        await self._inspect(chosen, block, (moment,))
        return [MarginTest(key, self.venue.health(key, self.book, moment), moment) for key in chosen]

    async def appraise(self, block: BlockRef) -> Mapping[AccountKey, Health]:
        """Every account's exact health at `block`, at which the book stands. What was read for it is taken out of the book again."""
        self.book.open_block(block.number + 1, block.timestamp)
        try:
            return {item.account: item.health for item in await self.evaluate(block)}
        finally:
            self.undo(block.number + 1)

    def evaluation_of(self, key: AccountKey, health: Health, block: BlockRef) -> BlockEvaluation:
        """What `evaluate` found out about one account in breach, as a block's evaluation, for an explanation."""
        evaluated = MarginTest(key, health, block.timestamp)
        data_fee, tip_wei = self._questions.data_fee(), self._questions.market_tip_wei()
        return BlockEvaluation(
            block, block.timestamp, (), (evaluated,), {key: block.number}, (), 0, data_fee=data_fee, market_tip_wei=tip_wei
        )

    async def _refresh(self, block: BlockRef, moments: Sequence[Timestamp]) -> list[Applied]:
        answers = await gather(*(self._questions.refresh(self.venue, self.book, block, at) for at in moments))
        applied: list[Applied] = []
        for at, events in zip(moments, answers, strict=True):
            applied += self._apply_reads(events, "refresh" if at == block.timestamp else "forecast")
        return applied

    async def _inspect(self, due: Sequence[AccountKey], block: BlockRef, moments: Sequence[Timestamp]) -> list[Applied]:
        answers = await gather(*(self._questions.inspect(self.venue, due, self.book, block, at) for at in moments))
        applied: list[Applied] = []
        for at, events in zip(moments, answers, strict=True):
            applied += self._apply_reads(events, "inspect" if at == block.timestamp else "inspect_forecast")
        return applied

    def _apply_reads(self, events: Sequence[Event], source: str) -> list[Applied]:
        for event in events:
            self._due |= self.venue.apply(event, self.book)
        return [Applied(event, source) for event in events]

    def _due_accounts(self, moments: Sequence[Timestamp]) -> set[AccountKey]:
        """Touched accounts, breached ones, and those whose box no longer holds; all of them that still exist."""
        due = set(self._due)
        for at in moments:
            due |= self._watchlist.leave(self.venue.feeds(self.book, at), at)
        closed = due - self.book.account_keys()
        for key in closed:
            self._watchlist.remove(key)
            self._first_breach.pop(key, None)
        due -= closed
        if self.executor is not None:
            due.discard(AccountKey(self.executor))
        return due

    def _breaches(self, evaluated: Sequence[MarginTest], moments: Sequence[Timestamp], number: int) -> Mapping[AccountKey, int]:
        """Healthy accounts get a new box, the others stay due; those breached at the last moment become candidates."""
        breaches: dict[AccountKey, int] = {}
        by_account: dict[AccountKey, list[MarginTest]] = {}
        for item in evaluated:
            by_account.setdefault(item.account, []).append(item)
        for key, items in by_account.items():
            if not any(item.health.liquidatable for item in items):
                self._first_breach.pop(key, None)
                self._watchlist.watch(key, self.venue.watch_box(key, self.book, moments[0]))
                continue
            self._watchlist.remove(key)
            self._due.add(key)
            first_seen = self._first_breach.setdefault(key, number)
            if items[-1].health.liquidatable:
                breaches[key] = first_seen
        return breaches


_NOBODY = Address("0x" + "00" * 20)
"""Stands for the executor while observing without one; plans then show what could be earned."""
