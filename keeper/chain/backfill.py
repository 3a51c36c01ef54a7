"""History in bounded chunks, in order, a few chunks fetched at a time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keeper.chain.bloom import admits
from keeper.chain.header import Header, by_number
from keeper.chain.log import LogSelection
from keeper.chain.pool import Pool
from keeper.chain.proof import Proofs
from keeper.chain.ranges import LogRanges
from keeper.chain.rpc import Answer, Untrustworthy
from keeper.domain.chain import BlockRef, LogFilter, RawLog
from keeper.errors import KeeperError

BlockLogs = tuple[BlockRef, tuple[RawLog, ...]]


@dataclass(frozen=True, slots=True)
class _Chunk:
    first: int
    last: int


class Backfill:
    """Reads finalised history. Where to resume is the caller's knowledge: the last block it was given."""

    def __init__(self, pool: Pool, proofs: Proofs, ranges: LogRanges, concurrency: int) -> None:
        self._pool = pool
        self._proofs = proofs
        self._ranges = ranges
        self._concurrency = concurrency

    async def run(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False, turn: int = 0
    ) -> AsyncGenerator[BlockLogs, None]:
        """Blocks with logs between `first` and `last` inclusive, in order, and always the last block of a finished chunk.
        With `every_block` all of them, linked by parent hash. `turn` asks another endpoint than usual, where there is one."""
        selection = LogSelection(filters)
        await self._proofs.learn()
        at = first
        while at <= last:
            window = self._window(at, last)
            # The group ends before anything is yielded: a consumer that walks away leaves no task behind.
            for blocks in await self._fetch(selection, window, every_block, turn):
                for block in blocks:
                    yield block
            at = window[-1].last + 1

    def _window(self, at: int, last: int) -> list[_Chunk]:
        chunks: list[_Chunk] = []
        while at <= last and len(chunks) < self._concurrency:
            end = min(last, at + self._ranges.size.blocks - 1)
            chunks.append(_Chunk(at, end))
            at = end + 1
        return chunks

    async def _fetch(self, selection: LogSelection, window: Sequence[_Chunk], every_block: bool, turn: int) -> list[list[BlockLogs]]:
        failure: KeeperError | None = None
        tasks: list[asyncio.Task[list[BlockLogs]]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(self._chunk(selection, chunk, every_block, turn)) for chunk in window]
        except* KeeperError as failures:
            # The callers know single errors; what the other chunks said on the way down is of the same cause.
            failure = next(error for error in failures.exceptions if isinstance(error, KeeperError))
        if failure is not None:
            raise failure
        return [task.result() for task in tasks]

    async def _chunk(self, selection: LogSelection, chunk: _Chunk, every_block: bool, turn: int) -> list[BlockLogs]:
        logs = await self._ranges.fetch(selection, chunk.first, chunk.last, turn=turn) if selection else []
        by_block: dict[int, list[RawLog]] = {}
        for log in logs:
            by_block.setdefault(log.block_number, []).append(log)
        numbers = list(range(chunk.first, chunk.last + 1)) if every_block else sorted({*by_block, chunk.last})

        def decode(answers: Sequence[Answer]) -> list[Header]:
            headers = [self._proofs.numbered(answer, number) for number, answer in zip(numbers, answers, strict=True)]
            if every_block and any(after.ref.parent_hash != before.ref.hash for before, after in pairwise(headers)):
                raise ValueError(f"the blocks from {chunk.first} to {chunk.last} do not follow each other")
            return headers

        headers = await self._pool.ask([by_number(number) for number in numbers], decode, turn=turn)
        blocks = [(header, tuple(by_block.get(header.ref.number, ()))) for header in headers]
        for header, its_logs in blocks:
            block = header.ref
            if any(log.block_hash != block.hash for log in its_logs):
                raise Untrustworthy(f"block {block.number} has logs of another block: the range is not final, or an endpoint is wrong")
            if not all(admits(header.bloom, log) for log in its_logs):
                raise Untrustworthy(f"block {block.number} has logs that its bloom denies: an endpoint is wrong")
        return [(header.ref, its_logs) for header, its_logs in blocks]
