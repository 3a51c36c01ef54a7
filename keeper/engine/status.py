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


class Metrics:
    """The daemon's figures in Prometheus form. One instance per daemon, its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.head = Gauge("keeper_head_block", "Newest block processed", registry=self.registry)
        self.head_time = Gauge("keeper_head_timestamp_seconds", "Block time of the newest block processed", registry=self.registry)
        self.block_seconds = Histogram(
            "keeper_block_seconds", "Seconds from a block's arrival to its rows handed over", buckets=_BLOCK_SECONDS, registry=self.registry
        )
        self.evaluated = Counter("keeper_evaluations", "Exact margin tests", registry=self.registry)
        self.watched = Gauge("keeper_watched_accounts", "Accounts inside a watch box", registry=self.registry)
        self.candidates = Counter("keeper_candidates", "Accounts found breached, per block", registry=self.registry)
        self.skips = Counter("keeper_skips", "Candidates left alone", ["reason"], registry=self.registry)
        self.outcomes = Counter("keeper_outcomes", "What the chain said about attempts", ["outcome"], registry=self.registry)
        self.rpc_requests = Counter("keeper_rpc_requests", "HTTP requests to endpoints", ["purpose"], registry=self.registry)
        self.parity = Counter("keeper_parity_comparisons", "Accounts compared with the contract's own view", registry=self.registry)
        self.unpriced = Gauge("keeper_markets_without_price", "Markets in which nothing can be done", ["venue"], registry=self.registry)
        self.reorgs = Counter("keeper_reorgs", "Reorganisations followed", registry=self.registry)

    def block_done(self, block: BlockRef, row: BlockRecord, candidates: int, seconds: float) -> None:
        """Take in one finished block."""
        self.head.set(block.number)
        self.head_time.set(block.timestamp)
        self.block_seconds.observe(seconds)
        self.evaluated.inc(row.evaluated)
        self.watched.set(row.watched)
        self.candidates.inc(candidates)
        head = row.rpc_requests_head or 0
        by_purpose = {
            Purpose.HEAD: head,
            Purpose.READ: row.rpc_requests - head,
            Purpose.SEND: row.rpc_requests_send or 0,
            Purpose.FORK: row.rpc_requests_fork or 0,
        }
        for purpose, requests in by_purpose.items():
            self.rpc_requests.labels(purpose.value).inc(requests)


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

    def started(self) -> bool:
        """At least one block was finished: ready."""
        return self.last_beat is not None

    def alive(self) -> bool:
        """Recently enough. Before the first block (start-up, backfill) the daemon counts as alive."""
        return self.last_beat is None or self.last_pulse is None or self.clock() - self.last_pulse < self.limit_s


class Readiness:
    """What keeps the daemon from doing its work, by part ("executor", "endpoints", ...); empty when nothing does.

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
    """All the daemon says of itself."""

    metrics: Metrics
    heartbeat: Heartbeat
    readiness: Readiness


@asynccontextmanager
async def serve(status: Status, port: int) -> AsyncIterator[None]:
    """Serve on 127.0.0.1:`port` while the context is open. OSError where the port is taken."""
    metrics, heartbeat, readiness = status.metrics, status.heartbeat, status.readiness

    async def livez(_: web.Request) -> web.Response:
        return _answer(heartbeat.alive(), f"no block finished for {heartbeat.limit_s:.0f} s")

    async def readyz(_: web.Request) -> web.Response:
        problems = [] if heartbeat.started() and heartbeat.alive() else ["not caught up yet"]
        problems += [f"{part}: {problem}" for part, problem in readiness.problems().items()]
        return _answer(not problems, "\n".join(problems))

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": "text/plain; version=0.0.4"})

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
