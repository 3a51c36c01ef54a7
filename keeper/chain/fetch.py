"""Blocks with their logs, proven complete: by all receipts of the block where they can be had, else as far as the bloom can."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from keeper.chain.bloom import BloomProbe, admits
from keeper.chain.header import Header, by_hash, by_number
from keeper.chain.heads import Hint
from keeper.chain.log import LogSelection
from keeper.chain.pool import Pool
from keeper.chain.proof import Proofs, Receipts
from keeper.chain.query import LATEST
from keeper.chain.ranges import LogRanges
from keeper.chain.receipts import block_receipts, logs_of, parse_receipts
from keeper.chain.rpc import Answer, Endpoint, Untrustworthy
from keeper.chain.segment import Segment
from keeper.domain.chain import BlockRef, Hash32, Purpose, RawLog
from keeper.errors import ReorgBeyondFinality, RpcError

_ANCESTOR_WINDOW = 16
_PATIENCE_S = 0.5
"""How long an endpoint's opinion of the chain is waited for."""
_MOST_RECEIPTS = 8
"""Blocks whose receipts are asked for at once; behind by more, logs come by range, and receipts only of blocks in doubt."""
_RECENT = 4
Logs: TypeAlias = Mapping[Hash32, tuple[RawLog, ...]]
"""The selected logs of blocks, by block hash."""


@dataclass(frozen=True, slots=True)
class Look:
    """The head, and its logs by block hash if they could be asked for in the same request."""

    head: Header
    logs: Logs | None
    said_by: Endpoint


class BlockFetcher:
    """Asks the pool for blocks and logs. Everything returned has been checked against what was asked."""

    def __init__(self, pool: Pool, proofs: Proofs, selection: LogSelection, ranges: LogRanges) -> None:
        self._pool = pool
        self._proofs = proofs
        self._selection = selection
        self._ranges = ranges
        self._probe = BloomProbe(selection.filters)
        self._speaker: Endpoint | None = None
        self._recent: dict[Hash32, Receipts] = {}

    async def head(self) -> BlockRef:
        """The newest block."""
        await self._proofs.learn()
        return await self._pool.ask([LATEST], lambda answers: self._proofs.header(answers[0]).ref, purpose=Purpose.HEAD)

    async def block_by_number(self, number: int) -> BlockRef:
        """The canonical block at `number`. Raises BlockUnknown beyond the head."""
        await self._proofs.learn()
        return await self._pool.ask([by_number(number)], lambda answers: self._proofs.numbered(answers[0], number).ref)

    async def block_by_hash(self, block_hash: Hash32) -> BlockRef:
        """A block, canonical or not. Raises BlockUnknown."""
        return (await self._header(block_hash)).ref

    async def receipts(self, block: BlockRef) -> Receipts | None:
        """All receipts of a block, canonical or not, proven by its header; None where no endpoint offers them. Raises BlockUnknown."""
        if block.hash in self._recent:
            return self._recent[block.hash]
        proven = await self._proofs.receipts([await self._header(block.hash)])
        return proven[0] if proven is not None else None

    def _remembered(self, block: BlockRef, receipts: Receipts) -> Receipts:
        """The newest blocks' receipts are asked for again by whoever looks for one of them: our own transactions are in new blocks."""
        self._recent = {**dict(list(self._recent.items())[-_RECENT + 1 :]), block.hash: receipts}
        return receipts

    async def final(self, number: int, block_hash: Hash32) -> BlockRef:
        """Block `number`, which was final with that hash. One endpoint that still has it is enough; those that have another one are
        distrusted.

        Raises ReorgBeyondFinality when most of all endpoints have another block there and none has this one; Untrustworthy while too few
        answer to tell."""
        opinions = await self._pool.opinions([by_number(number)], lambda answers: self._proofs.numbered(answers[0], number).ref)
        same = next((block for _, block in opinions if block.hash == block_hash), None)
        if same is None:
            if 2 * len(opinions) > len(self._pool):
                raise ReorgBeyondFinality(f"block {number} was final as {block_hash}, the chain has {opinions[0][1].hash}")
            raise Untrustworthy(f"{len(opinions)} of {len(self._pool)} endpoints answer about final block {number}, none has {block_hash}")
        for endpoint, block in opinions:
            if block.hash != block_hash:
                self._pool.distrust(endpoint, f"has {block.hash} as final block {number}, others {block_hash}")
        return same

    async def common_height(self) -> list[tuple[Endpoint, BlockRef]]:
        """Every sound endpoint's block at the newest height that all of them have; empty unless there are two that answer in time."""
        heads = await self._pool.opinions(
            [LATEST], lambda answers: self._proofs.header(answers[0]).ref, purpose=Purpose.HEAD, patience_s=_PATIENCE_S
        )
        if len(heads) < 2:
            return []
        newest = max(head.number for _, head in heads)
        near = [head.number for _, head in heads if newest - head.number <= self._pool.max_lag_blocks]
        lowest = min(near) if len(near) > 1 else min(head.number for _, head in heads)

        def decode(answers: Sequence[Answer]) -> BlockRef:
            return self._proofs.numbered(answers[0], lowest).ref

        return await self._pool.opinions([by_number(lowest)], decode, purpose=Purpose.HEAD, patience_s=_PATIENCE_S)

    async def look(self, anchor: BlockRef, hint: Hint | None) -> Look:
        """The head. An endpoint whose head is below the final block `anchor` is not believed.

        If the hint is right, its logs come with it: one request for the whole block."""
        await self._proofs.learn()
        calls = [LATEST]
        by_receipts = self._proofs.offers_receipts(self._speaker)
        if hint is not None and self._selection:
            calls.append(block_receipts(hint.hash) if by_receipts else self._selection.in_block(hint.hash))

        def decode(answers: Sequence[Answer]) -> tuple[Header, Logs | None]:
            head = self._proofs.header(answers[0])
            if head.ref.number < anchor.number:
                raise ValueError(f"head {head.ref.number} is below the final block {anchor.number}")
            if hint is None or len(answers) < 2 or hint.hash != head.ref.hash:
                return head, None
            return head, self._at_once(head, answers[1], by_receipts=by_receipts)

        self._speaker, (head, logs) = await self._pool.ask_named(calls, decode, purpose=Purpose.HEAD)
        return Look(head, logs, self._speaker)

    async def headers(self, first: int, last: int) -> list[Header]:
        """Canonical headers `first` to `last`, linked by parent hash."""

        def decode(answers: Sequence[Answer]) -> list[Header]:
            headers = [self._proofs.numbered(answer, first + place) for place, answer in enumerate(answers)]
            for before, after in pairwise(headers):
                if after.ref.parent_hash != before.ref.hash:
                    raise ValueError(f"block {after.ref.number} does not follow block {before.ref.number}")
            return headers

        return await self._pool.ask([by_number(number) for number in range(first, last + 1)], decode)

    async def logs(self, headers: Sequence[Header]) -> Logs:
        """The selected logs of linked headers, by block hash; blocks without logs may be absent.

        Headers come first and logs after: if the chain changes in between, what is missed belongs to blocks that are orphaned already."""
        if not self._selection:
            return {}
        proven = await self._proven(headers) if len(headers) <= _MOST_RECEIPTS else None
        if proven is not None:
            return proven
        logs = await self._ranged(headers) if len(headers) > 1 else await self._by_hash(headers, 0)
        doubtful = self._doubtful(headers, logs)
        proven = await self._proven(doubtful)
        if proven is not None:
            return {**logs, **proven}
        # What the bloom claims is believed to be absent when two answers by hash say so, from different endpoints where there are any.
        for turn in (0, 1) if len(headers) > 1 else (1,):
            if doubtful:
                again = await self._by_hash(doubtful, turn)
                logs = {**logs, **{block_hash: max(told, logs.get(block_hash, ()), key=len) for block_hash, told in again.items()}}
                doubtful = self._doubtful(doubtful, logs)
        return logs

    async def common_ancestor(self, segment: Segment, top: int) -> BlockRef | None:
        """The newest block at or below `top` that the segment and the canonical chain share; None when there is none in the segment."""
        while top >= segment.anchor.number:
            bottom = max(segment.anchor.number, top - _ANCESTOR_WINDOW + 1)
            for header in reversed(await self.headers(bottom, top)):
                ours = segment.at(header.ref.number)
                if ours is not None and ours.hash == header.ref.hash:
                    return ours
            top = bottom - 1
        return None

    async def _header(self, block_hash: Hash32) -> Header:
        await self._proofs.learn()
        return await self._pool.ask([by_hash(block_hash)], lambda answers: self._proofs.hashed(answers[0], block_hash))

    def _at_once(self, head: Header, answer: Answer, *, by_receipts: bool) -> Logs | None:
        """The head's logs out of an answer that came with it; None when they must be asked for on their own. Raises ValueError."""
        if answer is None or isinstance(answer, RpcError):
            return None
        if not by_receipts:
            logs = tuple(self._of_block(answer, head))
            return None if self._probe.misses(head.bloom, logs) else {head.ref.hash: logs}
        try:
            return {head.ref.hash: logs_of(self._remembered(head.ref, parse_receipts(answer, head)), self._selection)}
        except (KeyError, TypeError, ValueError):
            if self._proofs.receipts_proven:
                raise
            return None

    async def _proven(self, headers: Sequence[Header]) -> Logs | None:
        """The logs out of all receipts of these blocks; None where no receipts can be had. A bloom that denies them is proof enough."""
        possible = [header for header in headers if not header.bloom or self._probe.may_hold(header.bloom)]
        if not self._proofs.offers_receipts(None) or any(header.receipts_root is None for header in possible):
            return None
        logs: dict[Hash32, tuple[RawLog, ...]] = {}
        for start in range(0, len(possible), _MOST_RECEIPTS):
            part = possible[start : start + _MOST_RECEIPTS]
            receipts = await self._proofs.receipts(part)
            if receipts is None:
                return None
            for header, each in zip(part, receipts, strict=True):
                logs[header.ref.hash] = logs_of(self._remembered(header.ref, each), self._selection)
        return logs

    async def _ranged(self, headers: Sequence[Header]) -> Logs:
        by_number = {header.ref.number: header for header in headers}

        def check(log: RawLog) -> None:
            _check(log, by_number.get(log.block_number))

        return _grouped(await self._ranges.fetch(self._selection, min(by_number), max(by_number), check))

    def _doubtful(self, headers: Sequence[Header], logs: Logs) -> list[Header]:
        """Blocks whose bloom claims more than was told."""
        return [header for header in headers if self._probe.misses(header.bloom, logs.get(header.ref.hash, ()))]

    async def _by_hash(self, headers: Sequence[Header], turn: int) -> Logs:
        def decode(answers: Sequence[Answer]) -> Logs:
            return {header.ref.hash: tuple(self._of_block(answer, header)) for header, answer in zip(headers, answers, strict=True)}

        return await self._pool.ask([self._selection.in_block(header.ref.hash) for header in headers], decode, turn=turn)

    def _of_block(self, answer: Answer, header: Header) -> list[RawLog]:
        logs = self._selection.parse(answer)
        for log in logs:
            _check(log, header)
        return logs


def _check(log: RawLog, header: Header | None) -> None:
    """Raises ValueError for a log of another block, or one that the block's bloom denies."""
    if header is None or log.block_hash != header.ref.hash or log.block_number != header.ref.number:
        raise ValueError(f"a log of another block {log.block_number} {log.block_hash}")
    if not admits(header.bloom, log):
        raise ValueError(f"log {log.log_index} of block {log.block_number}, which its bloom denies")


def _grouped(logs: Sequence[RawLog]) -> Logs:
    by_block: dict[Hash32, list[RawLog]] = {}
    for log in logs:
        by_block.setdefault(log.block_hash, []).append(log)
    return {block_hash: tuple(logs) for block_hash, logs in by_block.items()}
