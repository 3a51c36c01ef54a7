"""Blocks with their logs, and every check that makes a block's logs proven complete as far as a header can prove it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keeper.chain.bloom import BloomProbe
from keeper.chain.header import Header, by_hash, by_number, parse_hashed, parse_header, parse_numbered
from keeper.chain.heads import Hint
from keeper.chain.log import LogSelection
from keeper.chain.pool import LATEST, Pool
from keeper.chain.ranges import LogRanges
from keeper.chain.rpc import Answer, Endpoint
from keeper.chain.segment import Segment
from keeper.domain.chain import BlockRef, Hash32, RawLog
from keeper.errors import RpcError

_ANCESTOR_WINDOW = 16


@dataclass(frozen=True, slots=True)
class Look:
    """The head, and its logs by block hash if they could be asked for in the same request."""

    head: Header
    logs: Mapping[Hash32, tuple[RawLog, ...]] | None
    said_by: Endpoint


class BlockFetcher:
    """Asks the pool for blocks and logs. Everything returned has been checked against what was asked."""

    def __init__(self, pool: Pool, selection: LogSelection, ranges: LogRanges) -> None:
        self._pool = pool
        self._selection = selection
        self._ranges = ranges
        self._probe = BloomProbe(selection.filters)

    async def head(self) -> BlockRef:
        """The newest block."""
        return await self._pool.ask([LATEST], lambda answers: parse_header(answers[0]).ref)

    async def block_by_number(self, number: int) -> BlockRef:
        """The canonical block at `number`. Raises BlockUnknown beyond the head."""
        return await self._pool.ask([by_number(number)], lambda answers: parse_numbered(answers[0], number).ref)

    async def block_by_hash(self, block_hash: Hash32) -> BlockRef:
        """A block, canonical or not. Raises BlockUnknown."""
        return await self._pool.ask([by_hash(block_hash)], lambda answers: parse_hashed(answers[0], block_hash).ref)

    async def opinions(self, number: int) -> list[tuple[Endpoint, BlockRef]]:
        """Every endpoint's canonical block at `number`."""
        return await self._pool.opinions([by_number(number)], lambda answers: parse_numbered(answers[0], number).ref)

    async def look(self, anchor: BlockRef, hint: Hint | None) -> Look:
        """The head. An endpoint whose head is below the final block `anchor` is not believed.

        If the hint is right, its logs come with it: one request for the whole block."""
        calls = [LATEST]
        if hint is not None and self._selection:
            calls.append(self._selection.in_block(hint.hash))

        def decode(answers: Sequence[Answer]) -> tuple[Header, Mapping[Hash32, tuple[RawLog, ...]] | None]:
            head = parse_header(answers[0])
            if head.ref.number < anchor.number:
                raise ValueError(f"head {head.ref.number} is below the final block {anchor.number}")
            if hint is None or len(answers) < 2 or hint.hash != head.ref.hash or isinstance(answers[1], RpcError):
                return head, None
            logs = tuple(self._of_block(answers[1], head.ref))
            # An empty answer that the bloom doubts is asked for again, as any other.
            return head, None if self._doubtful(head, logs) else {head.ref.hash: logs}

        endpoint, (head, logs) = await self._pool.ask_named(calls, decode)
        return Look(head, logs, endpoint)

    async def headers(self, first: int, last: int) -> list[Header]:
        """Canonical headers `first` to `last`, linked by parent hash."""

        def decode(answers: Sequence[Answer]) -> list[Header]:
            headers = [parse_numbered(answer, first + place) for place, answer in enumerate(answers)]
            for before, after in pairwise(headers):
                if after.ref.parent_hash != before.ref.hash:
                    raise ValueError(f"block {after.ref.number} does not follow block {before.ref.number}")
            return headers

        return await self._pool.ask([by_number(number) for number in range(first, last + 1)], decode)

    async def logs(self, headers: Sequence[Header]) -> Mapping[Hash32, tuple[RawLog, ...]]:
        """The selected logs of linked headers, by block hash; blocks without logs may be absent.

        Headers come first and logs after: if the chain changes in between, what is missed belongs to blocks that are orphaned already."""
        if not self._selection:
            return {}
        found: dict[Hash32, tuple[RawLog, ...]] = {}
        if len(headers) > 1:
            hashes = {header.ref.number: header.ref.hash for header in headers}
            found = _grouped(await self._ranges.fetch(self._selection, min(hashes), max(hashes), hashes))
        # A block is without logs when its bloom says so, or when two answers by hash do, from different endpoints where there are any.
        for turn in (0, 1):
            asked = [header for header in headers if self._doubtful(header, found.get(header.ref.hash, ()))]
            if turn == 0 and len(headers) == 1:
                asked = list(headers)
            if asked:
                found |= await self._by_hash(asked, turn)
        return found

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

    async def _by_hash(self, headers: Sequence[Header], turn: int) -> dict[Hash32, tuple[RawLog, ...]]:
        def decode(answers: Sequence[Answer]) -> dict[Hash32, tuple[RawLog, ...]]:
            return {header.ref.hash: tuple(self._of_block(answer, header.ref)) for header, answer in zip(headers, answers, strict=True)}

        return await self._pool.ask([self._selection.in_block(header.ref.hash) for header in headers], decode, turn=turn)

    def _of_block(self, answer: Answer, block: BlockRef) -> list[RawLog]:
        logs = self._selection.parse(answer)
        for log in logs:
            if log.block_hash != block.hash or log.block_number != block.number:
                raise ValueError(f"a log of block {log.block_number} {log.block_hash}, asked for {block.number} {block.hash}")
        return logs

    def _doubtful(self, header: Header, logs: Sequence[RawLog]) -> bool:
        return not logs and self._probe.may_hold(header.bloom)


def _grouped(logs: Sequence[RawLog]) -> dict[Hash32, tuple[RawLog, ...]]:
    by_block: dict[Hash32, list[RawLog]] = {}
    for log in logs:
        by_block.setdefault(log.block_hash, []).append(log)
    return {block_hash: tuple(logs) for block_hash, logs in by_block.items()}
