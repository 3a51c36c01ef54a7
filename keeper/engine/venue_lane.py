"""One venue's blocks, in order and at the venue's own pace: logs and reads into the book, decisions to the liquidator, rows to the lake."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from structlog.typing import FilteringBoundLogger

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockAdded, BlockFinalised, BlockRef, BlocksReverted, Hash32, Timestamp
from keeper.domain.records import MicroTime, Record
from keeper.engine import recording
from keeper.engine.chain_status import ChainStatus
from keeper.engine.decision_policy import HELD
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.holds import Holds
from keeper.engine.parity import must_match
from keeper.engine.ports import Chain, Recorder
from keeper.engine.recording import BlockKeys
from keeper.engine.tripwire import Tripwire
from keeper.engine.unjudged import Unjudged
from keeper.engine.unpriced import Unpriced
from keeper.engine.venue_rows import RowOptions, quote_rows, venue_rows
from keeper.errors import BlockUnknown, RpcError, StateDivergence, Transient, VenueFault

_FEW_UNREAD = 4
_OUTAGE_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class LaneServices:
    """What the lanes of one chain share. `clock` is in Unix seconds."""

    chain: Chain
    recorder: Recorder
    status: ChainStatus
    log: FilteringBoundLogger
    clock: Callable[[], float]
    chain_id: int


@dataclass(frozen=True, slots=True)
class VenueBlock:
    """What a venue made of a block; without `evaluation` it could not be read (yet)."""

    block: BlockRef
    evaluation: BlockEvaluation | None = None
    rows: Sequence[Record] = ()
    decisions: int = 0


@dataclass(frozen=True, slots=True)
class _Added:
    """A block and when it arrived; `history` when nothing is decided about it, `tracked` when it is known what became of our transactions
    by this block."""

    event: BlockAdded
    received: MicroTime
    history: bool
    tracked: asyncio.Event


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A signed price has come, and when."""

    received: MicroTime


@dataclass(frozen=True, slots=True)
class _Closed:
    """Nothing comes after this."""


@dataclass(frozen=True, slots=True)
class _Ticking:
    """The newest block, while signed prices may be looked at after it, and the place of the next event recorded of it."""

    block: BlockRef
    position: int


_Step: TypeAlias = _Added | _Quoted | BlocksReverted | BlockFinalised | _Closed
Deliver: TypeAlias = Callable[[str, VenueBlock], Awaitable[None]]
"""Takes a venue's part of a block; returns when it is recorded."""


class VenueLane:
    """Takes the chain's events from a queue of its own, so that no other venue waits for it."""

    def __init__(
        self,
        name: str,
        evaluator: Evaluator,
        services: LaneServices,
        decisions: Decisions,
        tripwire: Tripwire,
        holds: Holds,
        options: RowOptions,
    ) -> None:
        self.name = name
        self.evaluator = evaluator
        self._services = services
        self.decisions = decisions
        """What its executor decides with."""
        self._tripwire = tripwire
        self._holds = holds
        self._options = options
        self._unpriced = Unpriced(services.log, services.status.metrics)
        self._unjudged = Unjudged(services.log, services.status.metrics)
        self._steps: asyncio.Queue[_Step] = asyncio.Queue()
        self._unread: deque[_Added] = deque()
        self._orphaned: set[Hash32] = set()
        self._quoted_at = Timestamp(0)
        self._ticking: _Ticking | None = None
        self.fault: VenueFault | None = None
        """Why the venue has stopped."""

    def added(self, event: BlockAdded, received: MicroTime, tracked: asyncio.Event, *, history: bool) -> None:
        """The next block, `received` by now. Nothing is decided about it before it is `tracked`, and nothing at all about `history`."""
        self._steps.put_nowait(_Added(BlockAdded(event.block, self.evaluator.claimed(event.logs)), received, history, tracked))

    def reverted(self, event: BlocksReverted) -> None:
        """Blocks that are gone: nothing of them is recorded any more, also of those that are being worked on."""
        self._orphaned.update(block.hash for block in event.orphaned)
        self._steps.put_nowait(event)

    def quoted(self, published_at: Timestamp) -> None:
        """A newer signed price is on the board. A block that is waiting takes it along."""
        self._quoted_at = max(self._quoted_at, published_at)
        if self._steps.empty():
            self._steps.put_nowait(_Quoted(self._now()))

    def finalised(self, event: BlockFinalised) -> None:
        """A block that will not be replaced."""
        self._steps.put_nowait(event)

    def close(self) -> None:
        """The last step."""
        self._steps.put_nowait(_Closed())

    def stop(self, fault: VenueFault) -> None:
        """The venue cannot go on: nothing of it is processed any more, and people are told."""
        self._services.log.error("venue stopped", venue=self.name, fault=type(fault).__name__, reason=str(fault))
        self._services.status.readiness.report(f"venue {self.name}", f"stopped: {type(fault).__name__}: {fault}")
        self.fault = fault

    async def run(self, deliver: Deliver) -> None:
        """Until closed, or until the venue cannot go on: then `fault` says why."""
        while True:
            match await self._steps.get():
                case _Added() as step:
                    self._unread.append(step)
                    await self._read(deliver)
                    if self.fault is not None:
                        return
                case _Quoted() as quoted:
                    await self._tick(quoted.received)
                    if self.fault is not None:
                        return
                case BlocksReverted() as event:
                    self._revert(event)
                case BlockFinalised(block=block):
                    self.evaluator.finalised(block)
                case _Closed():
                    return

    def _revert(self, event: BlocksReverted) -> None:
        self._unread = deque(step for step in self._unread if step.event.block.number <= event.ancestor.number)
        self._orphaned -= {block.hash for block in event.orphaned}
        self._ticking = None
        self.evaluator.reverted(event.ancestor)

    async def _read(self, deliver: Deliver) -> None:
        """Process what is waiting. A block that no endpoint can read (any more) keeps waiting, and those after it: most likely a reorg is
        about to take them away, which the follower tells next. When they pile up, that is reported."""
        newest = self._unread[-1].event.block
        while self._unread:
            result = await self._block(self._unread[0])
            if result is None:
                # The chain's lane need not wait for it.
                await deliver(self.name, VenueBlock(newest))
                break
            self._unread.popleft()
            if result.block.hash not in self._orphaned:
                await deliver(self.name, result)
                await self._lift(result.block)
            if self.fault is not None:
                break
        problem = None
        if len(self._unread) > _FEW_UNREAD:
            block = self._unread[0].event.block
            problem = f"{self.name}: no endpoint can read block {block.number} ({block.hash}), though it is canonical"
        self._services.status.readiness.report(f"reads of {self.name}", problem)

    async def _block(self, step: _Added) -> VenueBlock | None:
        """One block's life; None when no endpoint can answer for it (any more), after undoing what was begun."""
        block = step.event.block
        sample = self._tripwire.sample(self.name, self.evaluator, block.number)
        try:
            evaluation = await self._consistently(step.event, sample)
        except VenueFault as fault:
            self.stop(fault)
            return VenueBlock(block)
        except RpcError as error:
            if not isinstance(error, BlockUnknown):
                self._services.log.warning("block not readable", venue=self.name, number=block.number, problem=str(error))
            self.evaluator.undo(block.number)
            return None
        rows: list[Record] = []
        decisions = 0
        self._ticking = None if step.history else _Ticking(block, len(evaluation.applied))
        self.decisions.gas.update(self.name, self.evaluator, evaluation)
        # What breached long ago is still breached at the head, or somebody else was quicker.
        if not step.history:
            await step.tracked.wait()
            decided, work = self.decisions.decide(self.name, self.evaluator, evaluation, step.received, self._now())
            rows, decisions = decided, len(work)
            self._unpriced.look(self.name, self.evaluator, block)
            # First the work, then the book-keeping: the liquidator starts while rows are made.
            await self.decisions.hand_over(self.name, block, work)
        self.decisions.attempts.outbid(self.name, evaluation.observed)
        keys = BlockKeys(self._services.chain_id, self.name, block)
        rows += venue_rows(keys, self.evaluator, evaluation, self.decisions.attempts, self.decisions.policy, self._options)
        rows += await self._compare(keys, sample)
        return VenueBlock(block, evaluation, rows, decisions)

    async def _tick(self, received: MicroTime) -> None:
        """Whom signed prices concern that have come after the newest block. What nobody answers is left to the next block."""
        if self._ticking is None or self._unread or not self._steps.empty():
            return
        block = self._ticking.block
        try:
            evaluation = await self.evaluator.tick(block, self._quoted_at)
        except VenueFault as fault:
            self.stop(fault)
            return
        except (RpcError, Transient) as error:
            self._services.log.info("quotes not looked at", venue=self.name, number=block.number, problem=str(error))
            return
        if not evaluation.evaluated:
            return
        rows, work = self.decisions.decide(self.name, self.evaluator, evaluation, received, self._now())
        await self.decisions.hand_over(self.name, block, work)
        keys = BlockKeys(self._services.chain_id, self.name, block)
        rows += quote_rows(keys, evaluation, self.decisions.policy, self._options, self._ticking.position)
        if block.hash not in self._orphaned:
            self._ticking = _Ticking(block, self._ticking.position + len(evaluation.applied))
            self._services.recorder.append(rows)

    def _now(self) -> MicroTime:
        return recording.timestamp_us(self._services.clock())

    async def _consistently(self, event: BlockAdded, sample: frozenset[AccountKey]) -> BlockEvaluation:
        """Evaluate; where an event does not fit the book, mend the book first. Raises StateDivergence when it does not fit then either."""
        try:
            return await self._patiently(event, sample)
        except StateDivergence as fault:
            self.evaluator.undo(event.block.number)
            await self._holds.mend(self.name, self.evaluator, await self._parent(event.block), fault)
        return await self._patiently(event, sample)

    async def _parent(self, block: BlockRef) -> BlockRef:
        """The block before. Raises BlockUnknown where nobody can tell, or the chain has another one there."""
        try:
            parent = await self._services.chain.block(block.number - 1)
        except Transient as error:
            raise BlockUnknown(0, f"nobody tells of block {block.number - 1}: {error}") from error
        if parent.hash != block.parent_hash:
            raise BlockUnknown(0, f"block {block.number} is about to be replaced")
        return parent

    async def _patiently(self, event: BlockAdded, sample: frozenset[AccountKey]) -> BlockEvaluation:
        """Evaluate, again and again while no endpoint answers: late, but never skipped. An answer, be it an error, ends the waiting."""
        while True:
            try:
                return await self.evaluator.added(event, sample)
            except Transient as error:
                self._services.log.warning("block not readable", venue=self.name, number=event.block.number, problem=str(error))
                self.evaluator.undo(event.block.number)
                self._services.status.heartbeat.pulse()
                await asyncio.sleep(_OUTAGE_PAUSE_S)

    async def _compare(self, keys: BlockKeys, sample: frozenset[AccountKey]) -> Sequence[Record]:
        """Rows of a comparison with the contract's own view; none where nobody answers, or where it differs: then the venue is held."""
        if not sample:
            return ()
        try:
            rows = await self._tripwire.compare(self.evaluator, sample, keys)
        except (RpcError, Transient):
            return ()
        self._unjudged.look(rows)
        try:
            must_match(rows)
        except StateDivergence as fault:
            self._holds.place(self.name, fault, rows)
            await self.decisions.withdraw(self.name, HELD)
            return ()
        return rows

    async def _lift(self, block: BlockRef) -> None:
        """Mend the venue where it is held. What nothing mends stops it."""
        for _, fault, evidence in await self._holds.lift({self.name: self.evaluator}, block):
            self._services.recorder.append(evidence)
            self.stop(fault)
