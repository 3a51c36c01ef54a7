"""What the daemon says of itself: /livez, /readyz and /metrics on 127.0.0.1, fed by the loop's own figures."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from structlog.typing import FilteringBoundLogger

from keeper.domain.chain import BlockRef, Purpose
from keeper.domain.records import BlockRecord

_BLOCK_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_COMMIT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Collectors:
    """The daemon's figures in Prometheus form, each by chain. One instance per daemon, its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.head = Gauge("keeper_head_block", "Newest block processed", ["chain"], registry=own)
        self.head_time = Gauge("keeper_head_timestamp_seconds", "Block time of the newest block processed", ["chain"], registry=own)
        self.block_seconds = Histogram(
            "keeper_block_seconds",
            "Seconds from a block's arrival to its rows handed over",
            ["chain"],
            buckets=_BLOCK_SECONDS,
            registry=own,
        )
        self.evaluated = Counter("keeper_evaluations", "Exact margin tests", ["chain"], registry=own)
        self.watched = Gauge("keeper_watched_accounts", "Accounts inside a watch box", ["chain", "venue"], registry=own)
        self.candidates = Counter("keeper_candidates", "Accounts in breach, per block", ["chain"], registry=own)
        self.skips = Counter("keeper_skips", "Candidates left alone", ["chain", "reason"], registry=own)
        self.outcomes = Counter("keeper_outcomes", "What the chain said about attempts", ["chain", "outcome"], registry=own)
        self.rpc_requests = Counter("keeper_rpc_requests", "HTTP requests to endpoints", ["chain", "purpose"], registry=own)
        self.parity = Counter("keeper_parity_comparisons", "Accounts compared with the contract's own view", ["chain"], registry=own)
        self.unpriced = Gauge("keeper_markets_without_price", "Markets in which nothing can be done", ["chain", "venue"], registry=own)
        self.commit_wait = Histogram(
            "keeper_commit_wait_seconds",
            "Seconds from a commit's beginning until its rows are durable, waiting for other writers included",
            ["chain"],
            buckets=_COMMIT_SECONDS,
            registry=own,
        )
        self.reorgs = Counter("keeper_reorgs", "Reorganisations followed", ["chain"], registry=own)


class Metrics:
    """One chain's figures among the daemon's."""

    def __init__(self, collectors: Collectors | None = None, chain: str = "chain") -> None:
        self.collectors = collectors or Collectors()
        self._chain = chain
        self.head = self.collectors.head.labels(chain)
        self.head_time = self.collectors.head_time.labels(chain)
        self.block_seconds = self.collectors.block_seconds.labels(chain)
        self.evaluated = self.collectors.evaluated.labels(chain)
        self.candidates = self.collectors.candidates.labels(chain)
        self.parity = self.collectors.parity.labels(chain)
        self.commit_wait = self.collectors.commit_wait.labels(chain)
        self.reorgs = self.collectors.reorgs.labels(chain)

    def skip(self, reason: str) -> None:
        """A candidate was left alone."""
        self.collectors.skips.labels(self._chain, reason).inc()

    def outcome(self, name: str) -> None:
        """An attempt has ended."""
        self.collectors.outcomes.labels(self._chain, name).inc()

    def unpriced(self, venue: str, markets: int) -> None:
        """So many markets of the venue have no price."""
        self.collectors.unpriced.labels(self._chain, venue).set(markets)

    def watch(self, venue: str, accounts: int) -> None:
        """So many accounts of the venue are inside a watch box."""
        self.collectors.watched.labels(self._chain, venue).set(accounts)

    def block_done(self, block: BlockRef, seconds: float) -> None:
        """A block has its row."""
        self.head.set(block.number)
        self.head_time.set(block.timestamp)
        self.block_seconds.observe(seconds)

    def work_done(self, row: BlockRecord, candidates: int) -> None:
        """What some of a block's venues, or all, have made of it."""
        self.evaluated.inc(row.evaluated)
        self.candidates.inc(candidates)
        head = row.rpc_requests_head or 0
        by_purpose = {
            Purpose.HEAD: head,
            Purpose.READ: row.rpc_requests - head,
            Purpose.SEND: row.rpc_requests_send or 0,
            Purpose.FORK: row.rpc_requests_fork or 0,
        }
        for purpose, requests in by_purpose.items():
            self.collectors.rpc_requests.labels(self._chain, purpose.value).inc(requests)


@dataclass(slots=True)
class Heartbeat:
    """When the loop last finished a block or asked for one, and how long that may lie back before it counts as dead (seconds of the
    monotonic clock). A chain that stands still and endpoints that are down are not its death: a restart mends neither."""

    clock: Callable[[], float]
    limit_s: float
    last_beat: float | None = None
    last_pulse: float | None = None

    def beat(self) -> None:
        """The loop finished a block."""
        self.last_beat = self.last_pulse = self.clock()

    def pulse(self) -> None:
        """The daemon asks for the chain's news, whether there are any or not."""
        self.last_pulse = self.clock()

    def rest(self) -> None:
        """Nothing more is expected of it."""
        self.last_pulse = None

    def started(self) -> bool:
        """At least one block was finished: ready."""
        return self.last_beat is not None

    def alive(self) -> bool:
        """Recently enough. Before the first block (start-up, backfill) the daemon counts as alive."""
        return self.last_beat is None or self.last_pulse is None or self.clock() - self.last_pulse < self.limit_s


class Readiness:
    """What keeps a chain's lane from doing its work, by part ("executor", "endpoints", ...); empty when nothing does.

    Every change is a line in the log: an operator reads there why /readyz is red."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._problems: dict[str, str] = {}

    def report(self, part: str, problem: str | None) -> None:
        """What is wrong with a part, in one sentence with its mend; None when nothing is."""
        if problem == self._problems.get(part):
            return
        if problem is None:
            self._log.info("ready again", part=part, was=self._problems.pop(part))
        else:
            self._problems[part] = problem
            self._log.error("not ready", part=part, problem=problem)

    def problems(self) -> Mapping[str, str]:
        """The problems that stand."""
        return dict(self._problems)


@dataclass(frozen=True, slots=True)
class Status:
    """All that the daemon says of one chain."""

    metrics: Metrics
    heartbeat: Heartbeat
    readiness: Readiness

    def stopped(self, reason: str) -> None:
        """The chain's lane cannot go on, while others do: for people to mend, not for a supervisor to restart all."""
        self.heartbeat.rest()
        self.readiness.report("lane", f"stopped: {reason}")


@asynccontextmanager
async def serve(chains: Mapping[str, Status], port: int) -> AsyncIterator[None]:
    """Serve on 127.0.0.1:`port` while the context is open; `chains` by name, at least one. OSError where the port is taken."""
    registry = next(iter(chains.values())).metrics.collectors.registry

    def prefixed(name: str, sentence: str) -> str:
        return sentence if len(chains) == 1 else f"{name}: {sentence}"

    async def livez(_: web.Request) -> web.Response:
        dead = [(name, status.heartbeat.limit_s) for name, status in chains.items() if not status.heartbeat.alive()]
        return _answer(not dead, "\n".join(prefixed(name, f"no block finished for {limit_s:.0f} s") for name, limit_s in dead))

    async def readyz(_: web.Request) -> web.Response:
        problems: list[str] = []
        for name, status in chains.items():
            own = [] if status.heartbeat.started() and status.heartbeat.alive() else ["not caught up yet"]
            own += [f"{part}: {problem}" for part, problem in status.readiness.problems().items()]
            problems += [prefixed(name, problem) for problem in own]
        return _answer(not problems, "\n".join(problems))

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", figures)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


def _answer(good: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok\n") if good else web.Response(status=503, text=f"{otherwise}\n")
