"""The canonical chain as a stream of values, block after block, reorgs included.

One cursor, moved by pulling: a head is the target, headers must link by parent hash, logs must carry the hash of their block.
The cases (after ponder's reconcileBlock): a known block; behind the tip or not linked to it (a reorg); a gap; the next block."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from keeper.chain.dispute import Dispute
from keeper.chain.fetch import BlockFetcher, HeadView
from keeper.chain.header import Header
from keeper.chain.heads import Heads, Hint
from keeper.chain.incident import Report
from keeper.chain.pool import Pool
from keeper.chain.segment import Segment
from keeper.chain.standstill import Standstill
from keeper.domain.chain import BlockAdded, BlockFinalised, BlockRef, BlocksReverted, ChainEvent, Hash32
from keeper.errors import BlockUnknown, RpcError, Transient


@dataclass(frozen=True, slots=True)
class FollowOptions:
    """`finality_depth` blocks below the tip a block is final. `gap_chunk` blocks are fetched at once."""

    finality_depth: int
    gap_chunk: int


class Follower:
    """Follows one chain from a known block on."""

    def __init__(
        self,
        fetcher: BlockFetcher,
        pool: Pool,
        heads: Heads,
        standstill: Standstill,
        options: FollowOptions,
        report: Report,
        on_turn: Callable[[], None],
    ) -> None:
        """`report` takes ("head", a sentence) while the head stands still everywhere. `on_turn` is called at every step, also while there
        is nothing to follow, as a sign of life."""
        self._fetcher = fetcher
        self._pool = pool
        self._heads = heads
        self._standstill = standstill
        self._options = options
        self._report = report
        self._on_turn = on_turn
        self._suspect_hash: Hash32 | None = None
        self.dispute = Dispute(fetcher, pool, options.finality_depth, report)

    async def follow(self, after: BlockRef, known: Sequence[BlockRef]) -> AsyncGenerator[ChainEvent, None]:
        """Everything after block `after`, for ever, in order.

        `known` are the unfinalised blocks up to and including `after` already processed; without any, `after` is final.
        Outages are waited out. Raises ReorgBeyondFinality; ValueError when `known` do not link."""
        segment: Segment | None = None
        hint: Hint | None = None
        while True:
            self._on_turn()
            try:
                if segment is None:
                    segment = await self._begin(after, known)
                events, wait = await self._advance(segment, hint)
            except (Transient, RpcError):
                # The pool has reported the endpoints that failed, and reports when none answers.
                events, wait = [], True
            else:
                wait = wait and not await self._is_behind_others()
            for event in events:
                yield event
            hint = None
            if wait:
                hint = await self._next_hint(after if segment is None else segment.tip)

    async def _is_behind_others(self) -> bool:
        """Whether another endpoint has a newer head than the one that is late. Reports a standstill when none has for too long."""
        if not self._standstill.due():
            return False
        best = await self._pool.compare_heads(strict=True) if len(self._pool) > 1 else 0
        if self._standstill.is_behind(best):
            return True
        if not self._standstill.is_rising():
            self._report("head", self._standstill.problem())
        return False

    async def _next_hint(self, tip: BlockRef) -> Hint | None:
        """Wait for a reason to look. One announcement of the tip itself is no reason; a second is, as it may be a socket that repeats
        itself while the chain goes on."""
        hint = await self._heads.next(tip.number)
        if hint is not None and hint.hash == tip.hash:
            hint = await self._heads.next(tip.number)
        return hint

    async def _begin(self, after: BlockRef, known: Sequence[BlockRef]) -> Segment:
        unfinalised = sorted({*known, after}, key=lambda block: block.number) if known else []
        if not unfinalised or unfinalised[0].number == 0:
            return Segment(unfinalised[0] if unfinalised else after, unfinalised[1:])
        first = unfinalised[0]
        try:
            anchor = await self._fetcher.block_by_hash(first.parent_hash)
        except BlockUnknown:
            anchor = await self._fetcher.final(first.number - 1, first.parent_hash)
        return Segment(anchor, unfinalised)

    async def _advance(self, segment: Segment, hint: Hint | None) -> tuple[list[ChainEvent], bool]:
        """One step towards the head: its events, and whether the head is reached (wait before the next). The segment changes only
        when everything is fetched, so a failed step can be repeated."""
        view = await self._fetcher.newest(segment.anchor, hint)
        head = view.head.ref
        if segment.holds(head.hash):
            self._observe(head)
            return [], True
        if head.number <= segment.tip.number:
            self._observe(head)
            return await self._revert(segment, head)
        try:
            headers = await self._headers(segment, view.head)
            if not segment.continues(headers[0].ref):
                return await self._revert(segment, head)
            logs = view.logs if view.logs is not None and len(headers) == 1 else await self._fetcher.logs(headers)
            await self.dispute.examine(segment, headers)
        except BlockUnknown:
            await self._examine_suspect(segment.tip, view)
            raise
        if headers[-1].ref.hash == head.hash:
            self._observe(head)
        events: list[ChainEvent] = []
        for header in headers:
            segment.append(header.ref)
            events.append(BlockAdded(header.ref, logs.get(header.ref.hash, ())))
            final = segment.finalise(self._options.finality_depth) if self.dispute.problem is None else None
            if final is not None:
                events.append(BlockFinalised(final))
        return events, segment.tip.hash == head.hash

    def _observe(self, head: BlockRef) -> None:
        """A head counts as risen when it is linked to the segment: one that does not exist must not hide a standstill."""
        self._standstill.observe(head)
        if self._standstill.is_rising():
            self._report("head", None)

    async def _examine_suspect(self, tip: BlockRef, view: HeadView) -> None:
        """No endpoint has the blocks below the head. Once, that is a reorg in between; the same head a second time is a false one, and so
        is one far above the segment and all other endpoints."""
        head = view.head.ref
        if self._suspect_hash == head.hash or await self._is_far_above(tip, view):
            self._pool.distrust(view.endpoint, f"head {head.number} {head.hash} leads nowhere")
        self._suspect_hash = head.hash

    async def _is_far_above(self, tip: BlockRef, view: HeadView) -> bool:
        """Whether the head is above the tip and the heads of all other endpoints by more than one may lag; False where no other answers."""
        limit = view.head.ref.number - self._pool.max_lag_blocks
        if tip.number >= limit:
            return False
        heads = [head.number for endpoint, head in await self._fetcher.heads() if endpoint is not view.endpoint]
        return bool(heads) and max(heads) < limit

    async def _headers(self, segment: Segment, head: Header) -> list[Header]:
        """The next headers towards the head, at most `gap_chunk`; they link to each other, not yet to the tip."""
        first = segment.tip.number + 1
        if head.ref.number == first:
            return [head]
        return await self._fetcher.headers(first, min(head.ref.number, segment.tip.number + self._options.gap_chunk))

    async def _revert(self, segment: Segment, head: BlockRef) -> tuple[list[ChainEvent], bool]:
        """The head does not continue the segment: find where they part. Nothing is reverted when the canonical blocks below the head
        are those of the segment after all (an endpoint that wavers between two heads)."""
        ancestor = await self._fetcher.common_ancestor(segment, min(head.number, segment.tip.number))
        if ancestor is None:
            await self._fetcher.final(segment.anchor.number, segment.anchor.hash)
            return [], True
        orphaned = segment.revert_to(ancestor)
        return ([BlocksReverted(ancestor, orphaned)], False) if orphaned else ([], True)
