"""The life of a block: logs and reads into the book, candidates to the liquidator, rows to the lake. One block at a time, in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

from keeper.domain.attempt import Settled
from keeper.domain.chain import Address, BlockAdded, BlockFinalised, BlockRef, BlocksReverted, ChainEvent
from keeper.domain.decision import Skip, SkipReason
from keeper.domain.records import BlockRecord, Record
from keeper.domain.venue import AccountKey
from keeper.engine import recording
from keeper.engine.attempts import Attempts
from keeper.engine.evaluator import Evaluator, Findings
from keeper.engine.holds import Holds
from keeper.engine.judge import COOLING_DOWN, HELD, IN_FLIGHT, Judge
from keeper.engine.liquidator import Liquidator
from keeper.engine.mailbox import Case, Mailbox
from keeper.engine.ports import Chain, Recorder
from keeper.engine.recording import Where
from keeper.engine.start import Ahead, Start
from keeper.engine.status import Status
from keeper.engine.tariff import Tariff
from keeper.engine.tripwire import Tripwire, must_match
from keeper.engine.unpriced import Unpriced
from keeper.errors import BlockUnknown, Fatal, RpcError, StateDivergence, Transient, VenueFault


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """What the loop must know of the settings."""

    chain_id: int
    executor: Address | None
    position_snapshot_blocks: int
    record_reads: bool


class Loop:
    """Drives every venue's evaluator with the chain's events. A venue that cannot go on is dropped; without any the daemon stops."""

    def __init__(
        self,
        chain: Chain,
        recorder: Recorder,
        evaluators: Mapping[str, Evaluator[Any, Any]],
        liquidator: Liquidator,
        attempts: Attempts,
        tripwire: Tripwire,
        mailbox: Mailbox,
        judge: Judge,
        options: LoopOptions,
        clock: Callable[[], float],
        log: FilteringBoundLogger,
        status: Status,
        holds: Holds,
    ) -> None:
        self._chain = chain
        self._holds = holds
        self._recorder = recorder
        self._evaluators = dict(evaluators)
        self._liquidator = liquidator
        self._attempts = attempts
        self._tripwire = tripwire
        self._mailbox = mailbox
        self._judge = judge
        self._options = options
        self._clock = clock
        self._log = log
        self._metrics = status.metrics
        self._heartbeat = status.heartbeat
        self._readiness = status.readiness
        self._tariff: Tariff | None = None
        self._unpriced = Unpriced(log, status.metrics)
        self.head: BlockRef | None = None
        self._history_below = 0
        self._ahead = Ahead({})
        self._unread: list[BlockAdded] = []
        self._settled: list[Settled] = []
        self._usage = chain.usage()

    async def run(self, events: AsyncIterator[ChainEvent], start: Start | None = None) -> None:
        """Until the events end. Raises Fatal when no venue is left.

        Without `start` no block is history, and every venue stands where the events begin."""
        if start is not None:
            self._history_below, self._ahead = start.head, Ahead(start.positions)
        self._usage = self._chain.usage()
        async for event in events:
            match event:
                case BlockAdded():
                    self._unread.append(event)
                    await self._read()
                case BlocksReverted():
                    await self._reverted(event)
                case BlockFinalised():
                    self._finalised(event)

    async def _read(self) -> None:
        """Process what is waiting. A block that no endpoint can read (any more) keeps waiting, and those after it: most likely a reorg is
        about to take them away, which the follower tells next. When they pile up, that is reported."""
        while self._unread and await self._added(self._unread[0]):
            del self._unread[0]
        problem = None
        if len(self._unread) > _FEW_UNREAD:
            block = self._unread[0].block
            problem = f"no endpoint can read block {block.number} ({block.hash}), though it is canonical"
        self._readiness.report("reads", problem)

    async def _reverted(self, event: BlocksReverted) -> None:
        self._unread = [waiting for waiting in self._unread if waiting.block.number <= event.ancestor.number]
        self._metrics.reorgs.inc()
        self._log.warning("reorg", ancestor=event.ancestor.number, orphaned=len(event.orphaned))
        for evaluator in self._evaluators.values():
            evaluator.reverted(event.ancestor)
        await self._mailbox.replace(event.ancestor.number, ())
        self._recorder.revert((*self._ahead.above(event.ancestor.number), *event.orphaned))
        self._attempts.reverted(event.ancestor, event.orphaned)

    def _finalised(self, event: BlockFinalised) -> None:
        for evaluator in self._evaluators.values():
            evaluator.finalised(event.block)

    async def _added(self, event: BlockAdded) -> bool:
        """One block's life; False when no endpoint could answer its reads."""
        received = recording.timestamp_us(self._clock())
        history = event.block.number < self._history_below
        self.head = event.block
        self._take_back_replaced(event.block)
        async with asyncio.TaskGroup() as group:
            tracking = group.create_task(self._attempts.track(event.block))
            evaluating = group.create_task(self._evaluate(event))
        self._settled += tracking.result()
        results = evaluating.result()
        if results is None:
            return False
        settled, self._settled = self._settled, []
        rows: list[Record] = []
        cases: list[Case] = []
        for item in settled:
            self._liquidator.concluded(item.attempt.account, event.block.number)
        # Not while a venue is ahead of this block: its prices would be another block's, and its markets missing.
        if results and len(results) == len(self._evaluators):
            self._tariff = self._judge.tariff(self._evaluators, event.block, results[0][1].data_fee) or self._tariff
        # What breached long ago is still breached at the head, or somebody else was quicker.
        for name, findings, _ in () if history else results:
            rows += self._decide(name, findings, cases)
            self._unpriced.look(name, self._evaluators[name], event.block)
        self._liquidator.judged(event.block.number, cases)
        # First the work, then the book-keeping: the liquidator starts while rows are made.
        for left_over in await self._mailbox.replace(event.block.number, cases):
            self._liquidator.note(left_over, "mailbox", Skip(SkipReason.STALE))
        for name, findings, _ in results:
            self._attempts.outbid(name, findings.observed)
            rows += self._venue_rows(name, findings)
        for name, findings, sample in results:
            rows += await self._compare(name, sample, findings.block)
        # From the end of the block before: what the follower asked for this block counts too.
        usage = self._chain.usage()
        used, self._usage = usage.since(self._usage), usage
        finished = recording.timestamp_us(self._clock())
        all_findings = [findings for _, findings, _ in results]
        chain_id, times = self._options.chain_id, (received, finished)
        rows.append(recording.block_row(chain_id, event.block, times, used, all_findings, recovered=history))
        self._recorder.block(event.block, rows, tuple(self._evaluators))
        self._attempts.record(settled, event.block, self._evaluators, self._native_price_x18())
        self._tell(event.block, rows[-1], len(cases), (finished - received) / 1_000_000)
        for name, fault, evidence in await self._holds.lift(self._evaluators, event.block):
            self._recorder.append(evidence)
            self._stop_venue(name, fault)
        return True

    def _native_price_x18(self) -> int:
        """For the record; 0 before the gas coin had a price for the first time."""
        return self._tariff.native_price_x18 if self._tariff is not None else 0

    def _take_back_replaced(self, block: BlockRef) -> None:
        """A venue that had processed another block in this one's place, in an earlier process, gives it up."""
        for name, orphaned in self._ahead.replaced(block).items():
            self._log.warning("reorg", venue=name, ancestor=block.number - 1, orphaned=len(orphaned))
            if name in self._evaluators:
                self._evaluators[name].undo(block.number)
            self._recorder.revert(orphaned)

    def _tell(self, block: BlockRef, row: Record, cases: int, seconds: float) -> None:
        """Log line, metrics and heartbeat of a finished block."""
        assert isinstance(row, BlockRecord)
        self._log.info("block", number=block.number, logs=row.logs, evaluated=row.evaluated, candidates=cases, ms=round(seconds * 1000))
        self._metrics.block_done(block, row, cases, seconds)
        self._heartbeat.beat()

    async def settle(self, head: BlockRef) -> None:
        """Look at open attempts outside of a block's processing (while stopping) and record what became of them."""
        self._attempts.record(await self._attempts.track(head), head, self._evaluators, self._native_price_x18())

    async def _evaluate(self, event: BlockAdded) -> list[tuple[str, Findings[Any], frozenset[AccountKey]]] | None:
        """Every venue's findings; None when no endpoint can answer for the block (any more), after undoing what was begun."""
        results: list[tuple[str, Findings[Any], frozenset[AccountKey]]] = []
        lacking = {name: evaluator for name, evaluator in self._evaluators.items() if not self._ahead.has(name, event.block)}
        for name, evaluator in lacking.items():
            sample = self._tripwire.sample(evaluator, event.block.number)
            try:
                findings = await self._consistently(name, evaluator, BlockAdded(event.block, evaluator.claimed(event.logs)), sample)
            except VenueFault as fault:
                self._stop_venue(name, fault)
            except RpcError as error:
                if not isinstance(error, BlockUnknown):
                    self._log.warning("block not readable", number=event.block.number, problem=str(error))
                for begun in lacking.values():
                    begun.undo(event.block.number)
                return None
            else:
                results.append((name, findings, sample))
        return results

    async def _consistently(
        self, name: str, evaluator: Evaluator[Any, Any], event: BlockAdded, sample: frozenset[AccountKey]
    ) -> Findings[Any]:
        """Evaluate; where an event does not fit the book, mend the book first. Raises StateDivergence when it does not fit then either."""
        try:
            return await self._patiently(evaluator, event, sample)
        except StateDivergence as fault:
            evaluator.undo(event.block.number)
            await self._holds.mend(name, evaluator, await self._parent(event.block), fault)
        return await self._patiently(evaluator, event, sample)

    async def _parent(self, block: BlockRef) -> BlockRef:
        """The block before. Raises BlockUnknown where nobody can tell, or the chain has another one there."""
        try:
            parent = await self._chain.block(block.number - 1)
        except Transient as error:
            raise BlockUnknown(0, f"nobody tells of block {block.number - 1}: {error}") from error
        if parent.hash != block.parent_hash:
            raise BlockUnknown(0, f"block {block.number} is about to be replaced")
        return parent

    async def _patiently(self, evaluator: Evaluator[Any, Any], event: BlockAdded, sample: frozenset[AccountKey]) -> Findings[Any]:
        """Evaluate, again and again while no endpoint answers: late, but never skipped. An answer, be it an error, ends the waiting."""
        while True:
            try:
                return await evaluator.added(event, sample)
            except Transient as error:
                self._log.warning("block not readable", number=event.block.number, problem=str(error))
                evaluator.undo(event.block.number)
                self._heartbeat.pulse()
                await asyncio.sleep(_OUTAGE_PAUSE_S)

    def _stop_venue(self, name: str, fault: VenueFault) -> None:
        self._log.error("venue stopped", venue=name, fault=type(fault).__name__, reason=str(fault))
        del self._evaluators[name]
        if not self._evaluators:
            raise Fatal(f"no venue left: {name} stopped with {type(fault).__name__}: {fault}") from fault

    def _decide(self, name: str, findings: Findings[Any], cases: list[Case]) -> list[Record]:
        evaluator = self._evaluators[name]
        busy = self._attempts.busy()

        def barred(account: AccountKey) -> Skip | None:
            if name in self._holds:
                return HELD
            if (name, account) in busy:
                return IN_FLIGHT
            return COOLING_DOWN if self._liquidator.resting(account, findings.block.number) else None

        used = self._liquidator.used(name)
        verdicts = self._judge.verdicts(name, evaluator, findings, self._tariff, barred, used, self._liquidator.at_work(name))
        cases += [case for verdict in verdicts if (case := verdict.case()) is not None]
        unwinding = self._judge.unwinding(name, evaluator, findings, self._tariff, barred, sum((verdict.use for verdict in verdicts), used))
        cases += [unwinding] if unwinding else []
        for verdict in verdicts:
            if isinstance(verdict.decision, Skip):
                self._metrics.skips.labels(verdict.decision.reason.value).inc()
        where, now = Where(self._options.chain_id, name, findings.block), recording.timestamp_us(self._clock())
        return [recording.decision_row(where, item.candidate, "decide", item.decision, item.plan, now, item.used) for item in verdicts]

    def _venue_rows(self, name: str, findings: Findings[Any]) -> list[Record]:
        evaluator = self._evaluators[name]
        where = Where(self._options.chain_id, name, findings.block)
        applied = [item for item in findings.applied if item.log is not None or self._options.record_reads]
        ids = {item.account: self._judge.candidate(name, item.account, findings.block).id for item in findings.breached}
        rows: list[Record] = [*recording.event_rows(where, applied)]
        rows += recording.market_rows(where, evaluator.venue.markets(evaluator.book, findings.block.timestamp))
        rows += recording.liquidation_rows(where, findings.observed, self._options.executor, self._attempts.candidates(findings.observed))
        rows += recording.evaluation_rows(where, findings.evaluated, ids)
        rows += self._position_rows(where, evaluator)
        return rows

    def _position_rows(self, where: Where, evaluator: Evaluator[Any, Any]) -> list[Record]:
        every = self._options.position_snapshot_blocks
        if not every or where.block.number % every:
            return []
        now, keys = where.block.timestamp, evaluator.book.account_keys()
        views = [view for key in keys for view in evaluator.venue.positions(key, evaluator.book, now)]
        health = {key: evaluator.venue.health(key, evaluator.book, now) for key in {view.account for view in views}}
        return [*recording.position_rows(where, views, health)]

    async def _compare(self, name: str, sample: frozenset[AccountKey], block: BlockRef) -> Sequence[Record]:
        if not sample or name not in self._evaluators:
            return ()
        try:
            rows = await self._tripwire.compare(self._evaluators[name], sample, Where(self._options.chain_id, name, block))
        except (RpcError, Transient):
            return ()
        self._metrics.parity.inc(len(rows))
        try:
            must_match(rows)
        except StateDivergence as fault:
            self._holds.place(name, fault, rows)
            for case in await self._mailbox.withdraw(name):
                self._liquidator.note(case, "mailbox", HELD)
            return ()
        return rows


_FEW_UNREAD = 4
_OUTAGE_PAUSE_S = 0.5
