"""History in bounded chunks, in order, a few chunks fetched at a time."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keeper.chain.bloom import admits
from keeper.chain.header import Header, by_number
from keeper.chain.log import LogSelection
from keeper.chain.pool import Pool
from keeper.chain.proof import Proofs
from keeper.chain.ranges import LogRanges
from keeper.chain.rpc import Answer
from keeper.domain.chain import BlockRef, LogFilter, Purpose, RawLog
from keeper.errors import KeeperError

BlockLogs = tuple[BlockRef, tuple[RawLog, ...]]


@dataclass(frozen=True, slots=True)
class _Chunk:
    first: int
    last: int


class Backfill:
    """Reads finalised history. The caller resumes after the last block it has received."""

    def __init__(self, pool: Pool, proofs: Proofs, ranges: LogRanges, concurrency: int) -> None:
        self._pool = pool
        self._proofs = proofs
        self._ranges = ranges
        self._concurrency = concurrency

    async def run(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False, turn: int = 0
    ) -> AsyncGenerator[BlockLogs, None]:
        """Blocks with logs between `first` and `last` inclusive, in order, and always the last block of a chunk.
        With `every_block` all of them, linked by parent hash. `turn` asks another endpoint than usual, where there is one."""
        selection = LogSelection(filters)
        await self._proofs.learn()
        start = first
        while start <= last:
            window = self._window(start, last, turn)
            # The group ends before anything is yielded: a consumer that stops early leaves no task behind.
            for blocks in await self._fetch(selection, window, every_block, turn):
                for block in blocks:
                    yield block
            start = window[-1].last + 1

    def _window(self, start: int, last: int, turn: int) -> list[_Chunk]:
        chunks: list[_Chunk] = []
        blocks = self._ranges.blocks(turn)
        while start <= last and len(chunks) < self._concurrency:
            end = min(last, start + blocks - 1)
            chunks.append(_Chunk(start, end))
            start = end + 1
        return chunks

    async def _fetch(self, selection: LogSelection, window: Sequence[_Chunk], every_block: bool, turn: int) -> list[list[BlockLogs]]:
        failure: KeeperError | None = None
        tasks: list[asyncio.Task[list[BlockLogs]]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(self._chunk(selection, chunk, every_block, turn)) for chunk in window]
        except* KeeperError as failures:
            # Callers expect a single error; those of the other chunks have the same cause.
            failure = next(error for error in failures.exceptions if isinstance(error, KeeperError))
        if failure is not None:
            raise failure
        return [task.result() for task in tasks]

    async def _chunk(self, selection: LogSelection, chunk: _Chunk, every_block: bool, turn: int) -> list[BlockLogs]:
        """A chunk's blocks with their logs, checked against the headers.

        Where they do not match, an endpoint is wrong about one of the two: the logs are asked for again, and each answer is checked against
        the headers, so that the pool turns to another endpoint. Raises Untrustworthy when no endpoint's logs match."""
        logs = await self._ranges.fetch(selection, chunk.first, chunk.last, turn=turn) if selection else []
        numbers = range(chunk.first, chunk.last + 1)
        headers = await self._headers(numbers if every_block else sorted({*(log.block_number for log in logs), chunk.last}), turn)
        try:
            for log in logs:
                _check(log, headers)
        except ValueError:
            headers = await self._headers(numbers, turn)
            logs = await self._ranges.fetch(selection, chunk.first, chunk.last, lambda log: _check(log, headers), turn=turn)
        by_block: dict[int, list[RawLog]] = {}
        for log in logs:
            by_block.setdefault(log.block_number, []).append(log)
        block_numbers = numbers if every_block else sorted({*by_block, chunk.last})
        return [(headers[number].ref, tuple(by_block.get(number, ()))) for number in block_numbers]

    async def _headers(self, numbers: Sequence[int], turn: int) -> Mapping[int, Header]:
        def decode(answers: Sequence[Answer]) -> Mapping[int, Header]:
            headers = [self._proofs.header_at(answer, number) for number, answer in zip(numbers, answers, strict=True)]
            for parent, child in pairwise(headers):
                if child.ref.number == parent.ref.number + 1 and child.ref.parent_hash != parent.ref.hash:
                    raise ValueError(f"block {child.ref.number} does not follow block {parent.ref.number}")
            return {header.ref.number: header for header in headers}

        return await self._pool.ask([by_number(number) for number in numbers], decode, purpose=Purpose.LOGS, turn=turn)


def _check(log: RawLog, headers: Mapping[int, Header]) -> None:
    """Raises ValueError for a log that cannot be of the block with its number."""
    header = headers[log.block_number]
    if log.block_hash != header.ref.hash:
        raise ValueError(f"block {log.block_number} has logs of another block: the range is not final, or an endpoint is wrong")
    if not admits(header.bloom, log):
        raise ValueError(f"block {log.block_number} has logs that its bloom denies: an endpoint is wrong")
