"""The chain adapter: the parts of this package behind the engine's `Chain` and `LogSource` ports."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from keeper.chain.backfill import Backfill
from keeper.chain.background import background
from keeper.chain.budget import Budget
from keeper.chain.clock import Clock, SystemClock
from keeper.chain.fetch import BlockFetcher
from keeper.chain.follower import Follower, FollowOptions
from keeper.chain.heads import AnnouncedHeads, Heads, PolledHeads
from keeper.chain.http import HttpTransport, open_session
from keeper.chain.incident import Incident, Report, no_report
from keeper.chain.log import LogSelection
from keeper.chain.market_tip import MarketTip
from keeper.chain.pool import Pool
from keeper.chain.proof import Proofs, Receipts
from keeper.chain.ranges import LogRanges
from keeper.chain.raw import ChainCalls, RawCalls
from keeper.chain.reads import Reader
from keeper.chain.receipts import logs_of
from keeper.chain.redaction import names
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Answer, Endpoint, Json, RpcCall
from keeper.chain.standstill import Standstill
from keeper.domain.chain import Address, BlockRef, ChainEvent, Hash32, LogFilter, Purpose, RawLog, Reads, Timestamp, Usage
from keeper.domain.endpoint_score import EndpointScore
from keeper.errors import RpcError, Transient

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainOptions:
    """How to reach one chain, and how much may be asked at once. Times are in seconds.

    `rpc_urls` are in order of preference; transactions go to all `send_urls`, where there are any, else to all of `rpc_urls`. `ws_url`
    only announces heads; without it the head is polled every `poll_interval_s`. `requests_per_second` (0 for no limit) is each endpoint's.
    Over `fee_history_blocks` (0 for none) the `tip_percentile` is asked for, see `market_tip`. `prove_reads` is explained at
    `reads.Reader`, `verify_receipts` at `proof.Proofs`, `wall_clock` at `standstill.Standstill`."""

    chain_id: int
    rpc_urls: tuple[str, ...]
    send_urls: tuple[str, ...] = ()
    ws_url: str | None = None
    block_seconds: float = 2.0
    wall_clock: bool = False
    max_answer_bytes: int = 32 << 20
    multicall: Address | None = None
    finality_depth: int = 64
    poll_interval_s: float = 1.0
    request_timeout_s: float = 10.0
    max_log_range: int = 2_000
    max_calls_per_request: int = 100
    calls_per_multicall: int = 50
    gap_chunk: int = 50
    backfill_concurrency: int = 4
    requests_per_second: float = 0.0
    fee_history_blocks: int = 0
    tip_percentile: int = 50
    prove_reads: bool = False
    verify_receipts: bool = True
    retry: RetryOptions = field(default_factory=RetryOptions)


def _no_incident(incident: Incident) -> None:
    """For callers without a use for incidents."""


def _no_turn() -> None:
    """For callers that do not watch the follower."""


@dataclass(frozen=True, slots=True)
class Observers:
    """Callbacks: `incident` for an event at one endpoint, `problem` for what keeps the chain from being followed (part, sentence; None when
    it is over), `turn` as the follower's sign of life."""

    incident: Callable[[Incident], None] = _no_incident
    problem: Report = no_report
    turn: Callable[[], None] = _no_turn


@dataclass(frozen=True, slots=True)
class Pools:
    """The endpoints that are read from; those that transactions go to, where they are others."""

    read: Pool
    send: Pool | None = None


class ChainClient:
    """One chain. Satisfies the ports `Chain` and `LogSource`; `node` and `senders` are the raw way for execution."""

    def __init__(
        self,
        options: ChainOptions,
        pools: Pools,
        proofs: Proofs,
        heads: Heads,
        filters: Sequence[LogFilter],
        clock: Clock,
        observers: Observers = Observers(),
    ) -> None:
        """For tests; programs use `open`."""
        pool = pools.read
        self._options = options
        self._pool = pool
        self._proofs = proofs
        self._heads = heads
        self._filters = filters
        self._clock = clock
        self._observers = observers
        self._send_pool = pools.send
        self._raw = RawCalls(pool, Purpose.READ)
        self._ranges = LogRanges(pool, options.max_log_range)
        self._fetcher = BlockFetcher(pool, proofs, LogSelection(filters), self._ranges)
        self._tip = MarketTip(options.fee_history_blocks, options.tip_percentile, observers.incident)
        self._reader = Reader(pool, clock, options.multicall, options.calls_per_multicall, tip=self._tip, prove=options.prove_reads)
        self._backfill = Backfill(pool, proofs, self._ranges, options.backfill_concurrency)
        standstill = Standstill(clock, options.block_seconds, wall_clock=options.wall_clock)
        follow_options = FollowOptions(finality_depth=options.finality_depth, gap_chunk=options.gap_chunk)
        self._follower = Follower(self._fetcher, pool, heads, standstill, follow_options, observers.problem, observers.turn)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, options: ChainOptions, filters: Sequence[LogFilter] = (), observers: Observers = Observers(), *, wait: bool = False
    ) -> AsyncIterator["ChainClient"]:
        """Connect, prove the chain id of every endpoint, and close everything on leaving.

        `filters` select the logs of `follow`. Raises ConfigError for a wrong chain id, and RpcUnavailable when no endpoint answers; with
        `wait` it waits for one."""
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(open_session())
            retry = replace(options.retry, hedge_cap_s=min(options.retry.hedge_cap_s, options.block_seconds / 2))
            budgets: dict[str, Budget] = {}

            def open_pool(urls: Sequence[str], report: Report) -> Pool:
                endpoints = [
                    Endpoint(
                        url,
                        HttpTransport(session, url, options.request_timeout_s, options.max_answer_bytes),
                        options.max_calls_per_request,
                        name,
                        budgets.setdefault(url, Budget(clock, options.requests_per_second)),
                    )
                    for url, name in zip(urls, names(urls), strict=True)
                ]
                return Pool(endpoints, options.chain_id, retry, clock, random.random, observers.incident, report)

            pool = open_pool(options.rpc_urls, observers.problem)
            send_pool = open_pool(options.send_urls, no_report) if options.send_urls else None
            heads: Heads = PolledHeads(clock, options.poll_interval_s)
            if options.ws_url is not None:
                heads = AnnouncedHeads(session, options.ws_url, clock, options.poll_interval_s, observers.incident)
            stack.push_async_callback(heads.close)
            await pool.start(wait=wait)
            if send_pool is not None:
                await send_pool.prove()
            await stack.enter_async_context(background(pool.check_health()))
            await stack.enter_async_context(background(pool.explore()))
            proofs = Proofs(pool, observers.incident, headers=True, receipts=options.verify_receipts)
            yield cls(options, Pools(pool, send_pool), proofs, heads, filters, clock, observers)

    def endless(self) -> "ChainClient":
        """The same chain for work that must outlast an outage: questions are asked until an endpoint answers."""
        pool = self._pool.endless()
        proofs = self._proofs.through(pool)
        pools = Pools(pool, self._send_pool)
        # What others pay is asked about new blocks, by the client that follows them.
        options = replace(self._options, fee_history_blocks=0)
        return ChainClient(options, pools, proofs, self._heads, self._filters, self._clock, self._observers)

    def node(self, purpose: Purpose) -> ChainCalls:
        """Raw calls to whichever endpoint works, counted under `purpose`."""
        return ChainCalls(self._pool, purpose, self.block_receipts)

    def senders(self) -> Sequence[RawCalls]:
        """Raw calls to each endpoint that receives transactions."""
        pool = self._send_pool or self._pool
        return [RawCalls(pool, Purpose.SEND, endpoint) for endpoint in pool.endpoints()]

    async def head(self) -> BlockRef:
        """The newest block."""
        return await self._fetcher.head()

    async def block(self, number: int) -> BlockRef:
        """The canonical block at `number`. Raises BlockUnknown beyond the head."""
        return await self._fetcher.block_by_number(number)

    async def final(self, number: int, block_hash: Hash32) -> BlockRef:
        """Block `number`, which was final with that hash. Raises ReorgBeyondFinality when most endpoints have another, RpcUnavailable while
        too few answer to tell."""
        return await self._fetcher.final(number, block_hash)

    async def block_receipts(self, block: BlockRef) -> Receipts | None:
        """All receipts of `block`, canonical or not, proven against the receipts root of its header.

        None where no endpoint offers them, or this chain's cannot be proven. Raises BlockUnknown, RpcUnavailable (Untrustworthy when every
        endpoint's are untrue)."""
        return await self._fetcher.receipts(block)

    async def proven_logs(self, block: BlockRef, filters: Sequence[LogFilter]) -> Sequence[RawLog] | None:
        """The logs of `block` that the filters select, out of its proven receipts. None and errors as `block_receipts`."""
        receipts = await self.block_receipts(block)
        return None if receipts is None else logs_of(receipts, LogSelection(filters))

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        """Run a question with every call pinned to `block`'s hash; `at` sets the block time the calls see (a forecast).

        Raises BlockUnknown when the block was orphaned; RpcError when the node refuses, and with `at` when it has no block overrides."""
        return await self._reader.run(reads, block, at)

    async def run_elsewhere(self, reads: Reads[T], block: BlockRef) -> T:
        """As `run`, but of another endpoint than usual, where there is one."""
        return await self._reader.with_turn(1).run(reads, block)

    async def witnesses(self, question: Callable[[], Reads[T]], block: BlockRef) -> Sequence[tuple[str, T]]:
        """The answer of each endpoint that answers to a question at `block`, by the endpoint's name."""
        answers: dict[str, T] = {}

        async def witness(turn: int) -> None:
            reader = self._reader.with_turn(turn)
            with suppress(Transient, RpcError):
                answer = await reader.run(question(), block)
                answers[reader.endpoint_name] = answer

        async with asyncio.TaskGroup() as group:
            for turn in range(len(self._pool)):
                group.create_task(witness(turn))
        return list(answers.items())

    def follow(self, after: BlockRef, known: Sequence[BlockRef]) -> AsyncGenerator[ChainEvent, None]:
        """Everything after block `after`, for ever, in order. `known` are the unfinalised blocks already processed up to `after`;
        without any, `after` is taken for final. Outages are waited out. Raises ReorgBeyondFinality."""
        return self._follower.follow(after, known)

    def backfill(
        self, filters: Sequence[LogFilter], first: int, last: int, *, every_block: bool = False, turn: int = 0
    ) -> AsyncGenerator[tuple[BlockRef, tuple[RawLog, ...]], None]:
        """Blocks with logs between `first` and `last` inclusive, in order, and always the last block of a chunk.
        With `every_block` all of them, linked by parent hash. `turn` asks another endpoint than usual, where there is one."""
        return self._backfill.run(filters, first, last, every_block=every_block, turn=turn)

    @property
    def endpoints(self) -> int:
        """The number of endpoints."""
        return len(self._pool)

    @property
    def dispute(self) -> str | None:
        """What the endpoints dispute about the chain, in one sentence; None while they agree."""
        return self._follower.dispute.problem

    def distrust(self, endpoint: str, reason: str) -> None:
        """Ask an endpoint last for a while: its answer contradicts the others."""
        self._pool.distrust_named(endpoint, reason)

    def usage(self) -> Usage:
        """HTTP requests and JSON-RPC calls inside them since start, by purpose, failed ones included."""
        return self._pool.usage() + (self._send_pool.usage() if self._send_pool is not None else Usage())

    def market_tip_wei(self) -> int | None:
        """The tip that others pay, as of the newest block read; None where no endpoint tells."""
        return self._tip.wei

    def scores(self) -> Sequence[EndpointScore]:
        """How well each endpoint does for each purpose it was asked for."""
        return [*self._pool.scores(), *(self._send_pool.scores() if self._send_pool is not None else ())]

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One raw call, counted as a read. Raises RpcError, RpcUnavailable, RpcLimited."""
        return await self._raw.request(method, params)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> list[Answer]:
        """Raw calls in one request, counted as a read, answered in order; a call's own RpcError is returned in its place."""
        return await self._raw.batch(calls)

    async def opinions(
        self, calls: Sequence[tuple[str, Sequence[Json]]], *, patience_s: float | None = None
    ) -> Sequence[tuple[str, list[Answer]]]:
        """The answers of each endpoint that answers in time, by the endpoint's name; empty when none does. With `patience_s` only sound
        endpoints are asked."""
        opinions = await self._pool.opinions([RpcCall(method, params) for method, params in calls], list, patience_s=patience_s)
        return [(endpoint.name, answers) for endpoint, answers in opinions]
