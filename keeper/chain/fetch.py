"""Blocks with their logs, proven complete: by all receipts of the block where an endpoint offers them, else as far as the bloom can."""

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
_OPINION_TIMEOUT_S = 0.5
"""Endpoints that take longer are left out of a comparison."""
_RECEIPT_BATCH = 8
"""Blocks whose receipts are asked for at once. Of more headers, logs come by range, and receipts only of suspect blocks."""
_CACHE_BLOCKS = 4
Logs: TypeAlias = Mapping[Hash32, tuple[RawLog, ...]]
"""The selected logs of blocks, by block hash."""


@dataclass(frozen=True, slots=True)
class HeadView:
    """The head, and its logs by block hash if they could be asked for in the same request."""

    head: Header
    logs: Logs | None
    endpoint: Endpoint


class BlockFetcher:
    """Asks the pool for blocks and logs. Everything returned has been checked against what was asked."""

    def __init__(self, pool: Pool, proofs: Proofs, selection: LogSelection, ranges: LogRanges) -> None:
        self._pool = pool
        self._proofs = proofs
        self._selection = selection
        self._ranges = ranges
        self._probe = BloomProbe(selection.filters)
        self._last_endpoint: Endpoint | None = None
        self._receipt_cache: dict[Hash32, Receipts] = {}

    async def head(self) -> BlockRef:
        """The newest block."""
        await self._proofs.learn()
        return await self._pool.ask([LATEST], lambda answers: self._proofs.header(answers[0]).ref, purpose=Purpose.HEAD)

    async def block_by_number(self, number: int) -> BlockRef:
        """The canonical block at `number`. Raises BlockUnknown beyond the head."""
        await self._proofs.learn()
        return await self._pool.ask([by_number(number)], lambda answers: self._proofs.header_at(answers[0], number).ref)

    async def block_by_hash(self, block_hash: Hash32) -> BlockRef:
        """A block, canonical or not. Raises BlockUnknown."""
        return (await self._header(block_hash)).ref

    async def receipts(self, block: BlockRef) -> Receipts | None:
        """All receipts of a block, canonical or not, proven by its header; None where no endpoint offers them. Raises BlockUnknown."""
        if block.hash in self._receipt_cache:
            return self._receipt_cache[block.hash]
        receipts_by_block = await self._proofs.receipts([await self._header(block.hash)])
        return receipts_by_block[0] if receipts_by_block is not None else None

    def _cache(self, block: BlockRef, receipts: Receipts) -> Receipts:
        """Keep the newest blocks' receipts: the keeper's own transactions are in new blocks, so these are asked for again."""
        self._receipt_cache = {**dict(list(self._receipt_cache.items())[-_CACHE_BLOCKS + 1 :]), block.hash: receipts}
        return receipts

    async def final(self, number: int, block_hash: Hash32) -> BlockRef:
        """Block `number`, which was final with that hash. One endpoint that still has it is enough; those that have another one are
        distrusted.

        Raises ReorgBeyondFinality when most of all endpoints have another block there and none has this one; Untrustworthy while too few
        answer to tell."""
        opinions = await self._pool.opinions([by_number(number)], lambda answers: self._proofs.header_at(answers[0], number).ref)
        match = next((block for _, block in opinions if block.hash == block_hash), None)
        if match is None:
            if 2 * len(opinions) > len(self._pool):
                raise ReorgBeyondFinality(f"block {number} was final as {block_hash}, the chain has {opinions[0][1].hash}")
            raise Untrustworthy(f"{len(opinions)} of {len(self._pool)} endpoints answer about final block {number}, none has {block_hash}")
        for endpoint, block in opinions:
            if block.hash != block_hash:
                self._pool.distrust(endpoint, f"has {block.hash} as final block {number}, others {block_hash}")
        return match

    async def heads(self) -> list[tuple[Endpoint, BlockRef]]:
        """The head of every sound endpoint that answers in time."""
        return await self._pool.opinions(
            [LATEST], lambda answers: self._proofs.header(answers[0]).ref, purpose=Purpose.HEAD, patience_s=_OPINION_TIMEOUT_S
        )

    async def common_height(self) -> list[tuple[Endpoint, BlockRef]]:
        """The block of every sound endpoint at the newest height that all of them have; empty unless two answer in time."""
        heads = await self.heads()
        if len(heads) < 2:
            return []
        newest = max(head.number for _, head in heads)
        near = [head.number for _, head in heads if newest - head.number <= self._pool.max_lag_blocks]
        lowest = min(near) if len(near) > 1 else min(head.number for _, head in heads)

        def decode(answers: Sequence[Answer]) -> BlockRef:
            return self._proofs.header_at(answers[0], lowest).ref

        return await self._pool.opinions([by_number(lowest)], decode, purpose=Purpose.HEAD, patience_s=_OPINION_TIMEOUT_S)

    async def newest(self, anchor: BlockRef, hint: Hint | None) -> HeadView:
        """The head. An endpoint whose head is below the final block `anchor` is not believed.

        If the hint is right, its logs come with it: one request for the whole block."""
        await self._proofs.learn()
        calls = [LATEST]
        by_receipts = self._proofs.offers_receipts(self._last_endpoint)
        if hint is not None and self._selection:
            calls.append(block_receipts(hint.hash) if by_receipts else self._selection.in_block(hint.hash))

        def decode(answers: Sequence[Answer]) -> tuple[Header, Logs | None]:
            head = self._proofs.header(answers[0])
            if head.ref.number < anchor.number:
                raise ValueError(f"head {head.ref.number} is below the final block {anchor.number}")
            if hint is None or len(answers) < 2 or hint.hash != head.ref.hash:
                return head, None
            return head, self._logs_with_head(head, answers[1], by_receipts=by_receipts)

        self._last_endpoint, (head, logs) = await self._pool.ask_named(calls, decode, purpose=Purpose.HEAD)
        return HeadView(head, logs, self._last_endpoint)

    async def headers(self, first: int, last: int) -> list[Header]:
        """Canonical headers `first` to `last`, linked by parent hash."""

        def decode(answers: Sequence[Answer]) -> list[Header]:
            headers = [self._proofs.header_at(answer, first + place) for place, answer in enumerate(answers)]
            for parent, child in pairwise(headers):
                if child.ref.parent_hash != parent.ref.hash:
                    raise ValueError(f"block {child.ref.number} does not follow block {parent.ref.number}")
            return headers

        return await self._pool.ask([by_number(number) for number in range(first, last + 1)], decode)

    async def logs(self, headers: Sequence[Header]) -> Logs:
        """The selected logs of linked headers, by block hash; blocks without logs may be absent.

        Headers come before logs: if the chain changes in between, the missing logs are those of blocks already orphaned."""
        if not self._selection:
            return {}
        receipt_logs = await self._logs_from_receipts(headers) if len(headers) <= _RECEIPT_BATCH else None
        if receipt_logs is not None:
            return receipt_logs
        logs = await self._logs_by_range(headers) if len(headers) > 1 else await self._logs_by_hash(headers, 0)
        suspects = self._suspects(headers, logs)
        receipt_logs = await self._logs_from_receipts(suspects)
        if receipt_logs is not None:
            return {**logs, **receipt_logs}
        # A log that the bloom claims counts as absent after two answers by hash without it, from different endpoints where there are any.
        for turn in (0, 1) if len(headers) > 1 else (1,):
            if suspects:
                logs = {**logs, **_fuller(await self._logs_by_hash(suspects, turn), logs)}
                suspects = self._suspects(suspects, logs)
        return logs

    async def common_ancestor(self, segment: Segment, top: int) -> BlockRef | None:
        """The newest block at or below `top` that the segment and the canonical chain share; None when there is none in the segment."""
        while top >= segment.anchor.number:
            bottom = max(segment.anchor.number, top - _ANCESTOR_WINDOW + 1)
            for header in reversed(await self.headers(bottom, top)):
                own_block = segment.at(header.ref.number)
                if own_block is not None and own_block.hash == header.ref.hash:
                    return own_block
            top = bottom - 1
        return None

    async def _header(self, block_hash: Hash32) -> Header:
        await self._proofs.learn()
        return await self._pool.ask([by_hash(block_hash)], lambda answers: self._proofs.header_of(answers[0], block_hash))

    def _logs_with_head(self, head: Header, answer: Answer, *, by_receipts: bool) -> Logs | None:
        """The head's logs out of an answer in the same request; None when they must be asked for on their own. Raises ValueError."""
        if answer is None or isinstance(answer, RpcError):
            return None
        if not by_receipts:
            logs = tuple(self._parse_block_logs(answer, head))
            return None if self._probe.misses(head.bloom, logs) else {head.ref.hash: logs}
        try:
            return {head.ref.hash: logs_of(self._cache(head.ref, parse_receipts(answer, head)), self._selection)}
        except (KeyError, TypeError, ValueError):
            if self._proofs.receipts_proven:
                raise
            return None

    async def _logs_from_receipts(self, headers: Sequence[Header]) -> Logs | None:
        """The logs out of all receipts of these blocks; None where there are no receipts. A bloom that denies them is proof enough."""
        candidates = [header for header in headers if not header.bloom or self._probe.may_hold(header.bloom)]
        if not self._proofs.offers_receipts(None) or any(header.receipts_root is None for header in candidates):
            return None
        logs: dict[Hash32, tuple[RawLog, ...]] = {}
        for start in range(0, len(candidates), _RECEIPT_BATCH):
            batch = candidates[start : start + _RECEIPT_BATCH]
            receipts_by_block = await self._proofs.receipts(batch)
            if receipts_by_block is None:
                return None
            for header, receipts in zip(batch, receipts_by_block, strict=True):
                logs[header.ref.hash] = logs_of(self._cache(header.ref, receipts), self._selection)
        return logs

    async def _logs_by_range(self, headers: Sequence[Header]) -> Logs:
        by_number = {header.ref.number: header for header in headers}

        def check(log: RawLog) -> None:
            _check(log, by_number.get(log.block_number))

        return _by_block(await self._ranges.fetch(self._selection, min(by_number), max(by_number), check))

    def _suspects(self, headers: Sequence[Header], logs: Logs) -> list[Header]:
        """Blocks whose bloom claims more than `logs` holds."""
        return [header for header in headers if self._probe.misses(header.bloom, logs.get(header.ref.hash, ()))]

    async def _logs_by_hash(self, headers: Sequence[Header], turn: int) -> Logs:
        def decode(answers: Sequence[Answer]) -> Logs:
            return {header.ref.hash: tuple(self._parse_block_logs(answer, header)) for header, answer in zip(headers, answers, strict=True)}

        return await self._pool.ask([self._selection.in_block(header.ref.hash) for header in headers], decode, turn=turn)

    def _parse_block_logs(self, answer: Answer, header: Header) -> list[RawLog]:
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


def _fuller(logs: Logs, others: Logs) -> Logs:
    """Of each block in `logs` the answer with more logs."""
    return {block_hash: max(block_logs, others.get(block_hash, ()), key=len) for block_hash, block_logs in logs.items()}


def _by_block(logs: Sequence[RawLog]) -> Logs:
    by_block: dict[Hash32, list[RawLog]] = {}
    for log in logs:
        by_block.setdefault(log.block_hash, []).append(log)
    return {block_hash: tuple(logs) for block_hash, logs in by_block.items()}
