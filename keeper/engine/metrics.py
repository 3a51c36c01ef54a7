"""The figures of the chain lanes in Prometheus form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from keeper.domain.chain import BlockRef, Purpose
from keeper.domain.endpoint_score import EndpointScore
from keeper.domain.records import BlockRecord
from keeper.domain.stages import Stages

_BLOCK_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_COMMIT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

_STAGES = ("decided", "checked", "signed", "sent")


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
        self.unjudged = Counter("keeper_parity_unknown", "Accounts of which the contract told nothing", ["chain"], registry=own)
        self.unpriced = Gauge("keeper_markets_without_price", "Markets in which nothing can be done", ["chain", "venue"], registry=own)
        self.stage_seconds = Histogram(
            "keeper_stage_seconds",
            "Seconds a sent transaction took for each stage: decided, checked, signed (into the outbox), sent; seen_to_sent is all of them",
            ["chain", "stage"],
            buckets=_STAGE_SECONDS,
            registry=own,
        )
        self.inclusion = Histogram(
            "keeper_inclusion_seconds",
            "Seconds from a transaction's signature until a block is seen that holds it",
            ["chain"],
            buckets=_COMMIT_SECONDS,
            registry=own,
        )
        self.commit_wait = Histogram(
            "keeper_commit_wait_seconds",
            "Seconds from a commit's beginning until its rows are durable, waiting for other writers included",
            ["chain"],
            buckets=_COMMIT_SECONDS,
            registry=own,
        )
        self.reorgs = Counter("keeper_reorgs", "Reorganisations followed", ["chain"], registry=own)
        self.endpoint_scores = Gauge(
            "keeper_endpoint_score",
            "How well an endpoint does: about 1 as usual, 0 where it never answers",
            ["chain", "endpoint", "purpose"],
            registry=own,
        )
        self.gates = Gauge("keeper_gate_closed", "1 while something keeps transactions back", ["chain", "gate"], registry=own)


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
        self.unjudged = self.collectors.unjudged.labels(chain)
        self.commit_wait = self.collectors.commit_wait.labels(chain)
        self.reorgs = self.collectors.reorgs.labels(chain)

    def skip(self, reason: str) -> None:
        """A candidate was left alone."""
        self.collectors.skips.labels(self._chain, reason).inc()

    def outcome(self, name: str) -> None:
        """An attempt has ended."""
        self.collectors.outcomes.labels(self._chain, name).inc()

    def sent(self, stages: Stages) -> None:
        """A transaction is on its way."""
        times = (stages.seen_us, stages.decided_us, stages.checked_us, stages.committed_us, stages.accepted_us)
        for name, begin, end in zip(_STAGES, times, times[1:], strict=False):
            self._stage(name, begin, end)
        self._stage("seen_to_sent", stages.seen_us, stages.accepted_us)

    def included(self, seconds: float) -> None:
        """A block holds a transaction signed so long ago."""
        self.collectors.inclusion.labels(self._chain).observe(seconds)

    def _stage(self, name: str, begin_us: int | None, end_us: int | None) -> None:
        if begin_us is not None and end_us is not None:
            self.collectors.stage_seconds.labels(self._chain, name).observe((end_us - begin_us) / 1_000_000)

    def unpriced(self, venue: str, markets: int) -> None:
        """So many markets of the venue have no price."""
        self.collectors.unpriced.labels(self._chain, venue).set(markets)

    def gate(self, name: str, *, closed: bool) -> None:
        """Something keeps transactions back, or does no more."""
        self.collectors.gates.labels(self._chain, name).set(closed)

    def watch(self, venue: str, accounts: int) -> None:
        """So many accounts of the venue are inside a watch box."""
        self.collectors.watched.labels(self._chain, venue).set(accounts)

    def endpoint(self, score: EndpointScore) -> None:
        """How well an endpoint does for a purpose."""
        self.collectors.endpoint_scores.labels(self._chain, score.endpoint, score.purpose.value).set(score.value)

    def block_done(self, block: BlockRef, seconds: float) -> None:
        """A block has its row."""
        self.head.set(block.number)
        self.head_time.set(block.timestamp)
        self.block_seconds.observe(seconds)

    def work_done(self, row: BlockRecord, candidates: int) -> None:
        """What some of a block's venues, or all, have made of it. Ranges of history count as reads."""
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
