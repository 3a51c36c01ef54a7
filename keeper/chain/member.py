"""The record of one endpoint in a pool: whether it is sound, how well it does, when it may be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keeper.chain.latencies import Latencies
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint, RpcCall
from keeper.chain.score import Score
from keeper.domain.chain import Purpose
from keeper.domain.endpoint_score import EndpointScore

_WEIGHT = 0.2
_AMNESTY_S = 60.0
"""After this long without a failure, earlier failures no longer make the probes rarer."""
_NEVER = float("-inf")


@dataclass(slots=True)
class Member:
    """An endpoint of a pool. `verified`: it has proven its chain id. `stale_head`: its head when it was last seen behind the others."""

    endpoint: Endpoint
    verified: bool = False
    stale_head: int | None = None
    failures: int = 0
    distrusted_until: float = _NEVER
    resting_until: float = _NEVER
    probe_at: float = _NEVER
    scores: dict[Purpose, Score] = field(default_factory=lambda: {purpose: Score() for purpose in Purpose})
    _lag_blocks: float = 0.0
    _strikes: int = 0
    _sound_since: float = _NEVER
    _latencies: Latencies = field(default_factory=Latencies)

    def rank(self, now: float) -> tuple[bool, int]:
        """Smaller is asked earlier: sound endpoints by their scores, then the suspects by their failures."""
        return self.stale_head is not None or now < self.distrusted_until, self.failures

    def pause_s(self, now: float, purpose: Purpose) -> float:
        """Seconds until it may be asked; not positive for now."""
        return max(self.resting_until - now, self.endpoint.budget.pause_s(purpose))

    def score(self, purpose: Purpose) -> float:
        """How well it does for the purpose, see `Score.value`."""
        return self.scores[purpose].value(self._lag_blocks)

    def endpoint_scores(self) -> Sequence[EndpointScore]:
        """Its scores for the purposes it was asked for."""
        return [
            EndpointScore(self.endpoint.name, purpose, self.score(purpose), each.latency_s, each.error_rate, self._lag_blocks)
            for purpose, each in self.scores.items()
            if each.answers or each.error_rate
        ]

    def record_lag(self, blocks: int) -> None:
        """How far its head was behind the newest."""
        self._lag_blocks += _WEIGHT * (blocks - self._lag_blocks)

    def record_failure(self, now: float, retry: RetryOptions, purpose: Purpose) -> None:
        """Count a failure. An endpoint that fails again soon after its recovery is probed ever more rarely."""
        self.scores[purpose].record_failure()
        if not self.failures and now - self._sound_since > _AMNESTY_S:
            self._strikes = 0
        self.failures += 1
        self.probe_at = now + min(retry.probe_pause_s * 2.0 ** min(self._strikes, 30), retry.probe_pause_cap_s)
        self._strikes += 1

    def record_recovery(self, now: float) -> None:
        """The endpoint answers well again."""
        self.failures = 0
        self._sound_since = now

    def record_latency(self, calls: Sequence[RpcCall], seconds: float) -> None:
        """How long a good answer to `calls` took."""
        self._latencies.record(calls, seconds)

    def patience_s(self, calls: Sequence[RpcCall], retry: RetryOptions, *, bulky: bool) -> float:
        """How long to wait for an answer before another endpoint is asked as well. `bulky` answers may take long."""
        if bulky:
            return retry.bulky_cap_s
        usual = self._latencies.usual_s(calls)
        if usual is None:
            return retry.hedge_cap_s
        return min(max(retry.hedge_factor * usual, retry.hedge_floor_s), retry.hedge_cap_s)
