"""The record of one endpoint in a pool: whether it is sound, how fast it usually is, when it may be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint, RpcCall

_LATENCY_WEIGHT = 0.2
_AMNESTY_S = 60.0
"""After this long without a failure, earlier failures no longer make the probes rarer."""
_NEVER = float("-inf")
_Shape: TypeAlias = tuple[frozenset[str], int]
"""The methods of a request, and the order of magnitude of its number of calls: requests of one shape take about the same time."""


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
    _strikes: int = 0
    _sound_since: float = _NEVER
    _latency_s: dict[_Shape, float] = field(default_factory=dict)

    def rank(self, now: float) -> tuple[bool, int]:
        """Smaller is asked earlier: sound endpoints in the configured order, then the suspects by their failures."""
        return self.stale_head is not None or now < self.distrusted_until, self.failures

    def record_failure(self, now: float, retry: RetryOptions) -> None:
        """Count a failure. An endpoint that fails again soon after its recovery is probed ever more rarely."""
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
        shape = _shape(calls)
        usual = self._latency_s.get(shape, seconds)
        self._latency_s[shape] = usual + _LATENCY_WEIGHT * (seconds - usual)

    def patience_s(self, calls: Sequence[RpcCall], retry: RetryOptions, *, bulky: bool) -> float:
        """How long to wait for an answer before another endpoint is asked as well. `bulky` answers may take long."""
        if bulky:
            return retry.bulky_cap_s
        usual = self._latency_s.get(_shape(calls))
        if usual is None:
            return retry.hedge_cap_s
        return min(max(retry.hedge_factor * usual, retry.hedge_floor_s), retry.hedge_cap_s)


def _shape(calls: Sequence[RpcCall]) -> _Shape:
    return frozenset(call.method for call in calls), len(calls).bit_length()
