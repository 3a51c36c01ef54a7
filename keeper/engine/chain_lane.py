"""One chain's blocks, in order: each is given to every venue's lane, our own transactions are looked at, and one row says how it went."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from keeper.domain.chain import BlockAdded, BlockFinalised, BlockRef, BlocksReverted, ChainEvent, Hash32, Timestamp
from keeper.domain.records import BlockRecord, MicroTime, Record
from keeper.engine import recording
from keeper.engine.block_parts import BlockParts
from keeper.engine.evaluator import Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.gates import Gates
from keeper.engine.gather import gather
from keeper.engine.key_lane import KeyLane
from keeper.engine.recent_blocks import RecentBlocks
from keeper.engine.start import Ahead, Start
from keeper.engine.venue_lane import LaneServices, VenueBlock, VenueLane
from keeper.errors import Fatal


class ChainLane:
    """Drives the lanes of a chain's venues with its events. A venue that cannot go on is dropped; without any the daemon stops."""

    def __init__(
        self,
        services: LaneServices,
        lanes: Sequence[VenueLane],
        keys: Sequence[KeyLane],
        gas: GasPriceSource,
        *,
        patience_s: float,
        recent: RecentBlocks,
        gates: Gates,
    ) -> None:
        """`keys`: the lanes of all the venues' executors. `patience_s`: how much longer than the quickest venue the others may take before
        a block's row is written without them. `recent`: what the chain's own `gates` are judged by."""
        self._chain = services.chain
        self._chain_id = services.chain_id
        self._recorder = services.recorder
        self._clock = services.clock
        self._log = services.log
        self._metrics = services.status.metrics
        self._heartbeat = services.status.heartbeat
        self._lanes = {lane.name: lane for lane in lanes}
        self._keys = tuple(keys)
        self._gas = gas
        self._patience_s = patience_s
        self._recent = recent
        self._gates = gates
        self._open: dict[Hash32, BlockParts] = {}
        self.head: BlockRef | None = None
        self._history_below = 0
        self._ahead = Ahead({})
        self._usage = self._chain.usage()

    async def run(self, events: AsyncIterator[ChainEvent], start: Start | None = None) -> None:
        """Until the events end. Raises Fatal when no venue is left.

        Without `start` no block is history, and every venue stands where the events begin."""
        if start is not None:
            self._history_below, self._ahead = start.head, Ahead(start.positions)
            for name, fault in start.faults.items():
                self._lanes[name].stop(fault)
                await self._drop(self._lanes[name])
        self._usage = self._chain.usage()
        await gather(self._feed(events), *(self._live(lane) for lane in tuple(self._lanes.values())))

    @property
    def evaluators(self) -> Mapping[str, Evaluator]:
        """Of the venues that have not stopped."""
        return {name: lane.evaluator for name, lane in self._lanes.items()}

    def quoted(self, venue: str, published_at: Timestamp) -> None:
        """A newer signed price of a venue's is on the board."""
        if venue in self._lanes:
            self._lanes[venue].quoted(published_at)

    async def settle(self, head: BlockRef) -> None:
        """Look at open attempts outside of a block's processing (while stopping) and record what became of them."""
        await gather(*(key.track(head) for key in self._keys))
        self._record_attempts(head, recording.timestamp_us(self._clock()))

    async def _feed(self, events: AsyncIterator[ChainEvent]) -> None:
        async for event in events:
            match event:
                case BlockAdded():
                    await self._added(event)
                case BlocksReverted():
                    await self._reverted(event)
                case BlockFinalised():
                    for lane in self._lanes.values():
                        lane.finalised(event)
        for lane in self._lanes.values():
            lane.close()

    async def _live(self, lane: VenueLane) -> None:
        await lane.run(self._deliver)
        if lane.fault is None:
            return
        await self._drop(lane)
        if not self._lanes:
            fault = lane.fault
            raise Fatal(f"no venue left: {lane.name} stopped with {type(fault).__name__}: {fault}") from fault

    async def _drop(self, lane: VenueLane) -> None:
        """Nothing waits for the venue any more."""
        del self._lanes[lane.name]
        self._gas.forget(lane.name)
        await lane.decisions.withdraw(lane.name)
        for parts in tuple(self._open.values()):
            parts.leave_out(lane.name)
            if parts.closed:
                self._forget_complete(parts)

    async def _reverted(self, event: BlocksReverted) -> None:
        self._metrics.reorgs.inc()
        self._log.warning("reorg", ancestor=event.ancestor.number, orphaned=len(event.orphaned))
        for block in event.orphaned:
            self._open.pop(block.hash, None)
        for name, lane in self._lanes.items():
            lane.reverted(event)
            await lane.decisions.hand_over(name, event.ancestor, ())
        self._recorder.revert((*self._ahead.above(event.ancestor.number), *event.orphaned))
        self._recent.reverted(event)
        for key in self._keys:
            key.reverted(event.ancestor, event.orphaned)

    async def _added(self, event: BlockAdded) -> None:
        """One block's life, as far as it can be read by now."""
        block, tracked = event.block, {key.decisions: asyncio.Event() for key in self._keys}
        self.head = block
        self._recent.added(block)
        self._gates.look()
        self._take_back_replaced(block)
        lanes = [lane for lane in self._lanes.values() if not self._ahead.has(lane.name, block)]
        behind = frozenset[str]().union(*(parts.missing for parts in self._open.values()))
        names = {lane.name for lane in lanes}
        parts = BlockParts(block, recording.timestamp_us(self._clock()), block.number < self._history_below, names)
        self._open[block.hash] = parts
        for lane in lanes:
            lane.added(event, parts.received, tracked[lane.decisions], history=parts.history)
        async with asyncio.TaskGroup() as group:
            for key in self._keys:
                group.create_task(self._track(key, block, tracked[key.decisions]))
            group.create_task(parts.gather((names - behind) or names, self._patience_s))
        if parts.parts:
            self._hand_in(parts, parts.parts)
        parts.close()
        self._forget_complete(parts)

    async def _track(self, key: KeyLane, block: BlockRef, tracked: asyncio.Event) -> None:
        await key.track(block)
        tracked.set()

    async def _deliver(self, name: str, part: VenueBlock) -> None:
        """A venue's part of a block, in time or late."""
        parts = self._open.get(part.block.hash)
        if parts is None:
            return
        parts.put(name, part)
        if not parts.closed:
            await parts.wait_closed()
        elif part.evaluation is not None:
            self._hand_in(parts, {name: part})
            self._forget_complete(parts)

    def _hand_in(self, parts: BlockParts, ready: Mapping[str, VenueBlock]) -> None:
        """The block's row (the lake adds up those of one block), the rows of these venues, and those of our own transactions."""
        finished = recording.timestamp_us(self._clock())
        # From the end of the block before: what the follower asked for this block counts too.
        usage = self._chain.usage()
        used, self._usage = usage.since(self._usage), usage
        evaluations = {name: part.evaluation for name, part in ready.items() if part.evaluation is not None}
        times = (parts.received, finished)
        block_row = recording.block_row(self._chain_id, parts.block, times, used, tuple(evaluations.values()), recovered=parts.history)
        rows: list[Record] = [row for part in ready.values() for row in part.rows]
        self._recorder.block(parts.block, [*rows, block_row], tuple(ready))
        self._record_attempts(parts.block, parts.received)
        for name, evaluation in evaluations.items():
            self._metrics.watch(name, evaluation.watched)
        self._report(parts, block_row, sum(part.decisions for part in ready.values()), (finished - parts.received) / 1_000_000)
        parts.recorded = True

    def _report(self, parts: BlockParts, row: BlockRecord, decisions: int, seconds: float) -> None:
        """Log line, metrics and heartbeat of a finished block, or of what came late to it."""
        number = parts.block.number
        self._log.info("block", number=number, logs=row.logs, evaluated=row.evaluated, candidates=decisions, ms=round(seconds * 1000))
        self._metrics.work_done(row, decisions)
        if not parts.recorded:
            self._metrics.block_done(parts.block, seconds)
        self._heartbeat.beat()

    def _record_attempts(self, head: BlockRef, seen: MicroTime) -> None:
        for key in self._keys:
            key.record(head, seen, self.evaluators)

    def _take_back_replaced(self, block: BlockRef) -> None:
        """A venue that had processed another block in this one's place, in an earlier process, gives it up."""
        for name, orphaned in self._ahead.replaced(block).items():
            self._log.warning("reorg", venue=name, ancestor=block.number - 1, orphaned=len(orphaned))
            if name in self._lanes:
                self._lanes[name].evaluator.undo(block.number)
            self._recorder.revert(orphaned)

    def _forget_complete(self, parts: BlockParts) -> None:
        if not parts.missing:
            self._open.pop(parts.block.hash, None)
