"""The chain adapter: everything of this package put together behind the engine's `Chain` and `LogSource` ports."""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp

from keeper.chain.backfill import Backfill
from keeper.chain.clock import Clock, SystemClock
from keeper.chain.fetch import BlockFetcher
from keeper.chain.follower import Follower, FollowOptions
from keeper.chain.heads import AnnouncedHeads, Heads, PolledHeads
from keeper.chain.log import LogSelection
from keeper.chain.pool import Incident, Pool, RetryOptions
from keeper.chain.proof import Proofs, Receipts
from keeper.chain.ranges import LogRanges, RangeSize
from keeper.chain.reads import Reader
from keeper.chain.rpc import Answer, Endpoint, HttpTransport, Json, RpcCall
from keeper.domain.chain import Address, BlockRef, ChainEvent, LogFilter, RawLog, Reads, Timestamp, Usage
from keeper.errors import RpcError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainOptions:
    """How to reach one chain, and how much may be asked at once. Times are in seconds.

    `rpc_urls` are in order of preference. `ws_url` only announces heads; without it the head is polled every `poll_interval_s`.
    `prove_reads` is explained at `reads.Reader`, `verify_receipts` at `proof.Proofs`."""

    chain_id: int
    rpc_urls: tuple[str, ...]
    ws_url: str | None = None
    multicall: Address | None = None
    finality_depth: int = 64
    poll_interval_s: float = 1.0
    request_timeout_s: float = 10.0
    max_log_range: int = 2_000
    max_calls_per_request: int = 100
    calls_per_multicall: int = 50
    gap_chunk: int = 50
    backfill_concurrency: int = 4
    outage_s: float = 120.0
    survey_interval_s: float = 15.0
    prove_reads: bool = False
    verify_receipts: bool = True
    retry: RetryOptions = field(default_factory=RetryOptions)


def _unheard(incident: Incident) -> None:
    """Nobody wants to know."""


class ChainClient:
    """One chain. Satisfies the ports `Chain` and `LogSource`; `request` and `batch` are the raw way for execution."""

    def __init__(self, options: ChainOptions, pool: Pool, proofs: Proofs, heads: Heads, filters: Sequence[LogFilter], clock: Clock) -> None:
        """For tests; programs use `open`."""
        self._pool = pool
        self._ranges = LogRanges(pool, RangeSize(options.max_log_range))
        self._fetcher = BlockFetcher(pool, proofs, LogSelection(filters), self._ranges)
        self._reader = Reader(pool, clock, options.multicall, options.calls_per_multicall, prove=options.prove_reads)
        self._backfill = Backfill(pool, proofs, self._ranges, options.backfill_concurrency)
        following = FollowOptions(
            finality_depth=options.finality_depth,
            gap_chunk=options.gap_chunk,
            outage_s=options.outage_s,
            survey_interval_s=options.survey_interval_s,
        )
        self._follower = Follower(self._fetcher, pool, heads, clock, following)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        options: ChainOptions,
        filters: Sequence[LogFilter] = (),
        on_incident: Callable[[Incident], None] = _unheard,
    ) -> AsyncIterator["ChainClient"]:
        """Connect, prove the chain id of every endpoint, and close everything on leaving.

        `filters` select the logs of `follow`. Raises ConfigError for a wrong chain id, RpcUnavailable when no endpoint answers."""
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            endpoints = [
                Endpoint(url, HttpTransport(session, url, options.request_timeout_s), options.max_calls_per_request)
                for url in options.rpc_urls
            ]
            pool = Pool(endpoints, options.chain_id, options.retry, clock, random.random, on_incident)
            heads: Heads = PolledHeads(clock, options.poll_interval_s)
            if options.ws_url is not None:
                heads = AnnouncedHeads(session, options.ws_url, clock, options.poll_interval_s, on_incident)
            stack.push_async_callback(heads.close)
            await pool.start()
            proofs = Proofs(pool, on_incident, headers=True, receipts=options.verify_receipts)
            yield cls(options, pool, proofs, heads, filters, clock)

    async def head(self) -> BlockRef:
        """The newest block."""
        return await self._fetcher.head()

    async def block(self, number: int) -> BlockRef:
        """The canonical block at `number`. Raises BlockUnknown beyond the head."""
        return await self._fetcher.block_by_number(number)

    async def block_receipts(self, block: BlockRef) -> Receipts | None:
        """All receipts of `block`, canonical or not, proven against the receipts root of its header.

        None where no endpoint offers them, or this chain's cannot be proven. Raises BlockUnknown, RpcUnavailable (Untrustworthy when every
        endpoint's are untrue)."""
        return await self._fetcher.receipts(block)

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        """Run a question with every call pinned to `block`'s hash; `at` sets the block time the calls see (a forecast).

        Raises BlockUnknown when the block was orphaned; RpcError when the node refuses, and with `at` when it has no block overrides."""
        return await self._reader.run(reads, block, at)

    def follow(self, after: BlockRef, known: Sequence[BlockRef]) -> AsyncGenerator[ChainEvent, None]:
        """Everything after block `after`, for ever, in order. `known` are the unfinalised blocks already processed up to `after`;
        without any, `after` is taken for final. Raises ReorgBeyondFinality, and Fatal after an outage of `outage_s`."""
        return self._follower.follow(after, known)

    def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False
    ) -> AsyncGenerator[tuple[BlockRef, tuple[RawLog, ...]], None]:
        """Blocks with logs between `first` and `last` inclusive, in order, and always the last block of a finished chunk.
        With `every_block` all of them, linked by parent hash."""
        return self._backfill.run(filters, first, last, every_block=every_block)

    def usage(self) -> Usage:
        """HTTP requests and JSON-RPC calls inside them since start, failed ones included."""
        return self._pool.usage()

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One raw call. Raises RpcError, RpcUnavailable, RpcLimited."""
        return await self._pool.ask([RpcCall(method, params)], _only_result)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> list[Answer]:
        """Raw calls in one request, answered in order; a call's own RpcError is returned in its place."""
        return await self._pool.ask([RpcCall(method, params) for method, params in calls], list)

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[tuple[str, list[Answer]]]:
        """What each endpoint that answers in time says to the same calls, by the endpoint's name; empty when none does."""
        said = await self._pool.opinions([RpcCall(method, params) for method, params in calls], list)
        return [(endpoint.name, answers) for endpoint, answers in said]


def _only_result(answers: Sequence[Answer]) -> Json:
    if isinstance(answers[0], RpcError):
        raise answers[0]
    return answers[0]
