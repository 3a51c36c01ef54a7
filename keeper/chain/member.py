"""What is known of one endpoint's behaviour: is it sound, how fast is it usually, when may it be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keeper.chain.rpc import Endpoint, RpcCall

_LATENCY_WEIGHT = 0.2
_FORGIVEN_AFTER_S = 60.0
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """How patient the pool is. Pauses between rounds are `backoff_s` x 2^round, at most `backoff_cap_s`, times a jitter in [0.5, 1].

    The next endpoint is asked as well after `hedge_factor` times the usual latency, at least `hedge_floor_s`, at most `hedge_cap_s`
    (`bulky_cap_s` for ranges of logs). An endpoint set aside is probed after `probe_pause_s`, then ever more rarely up to
    `probe_pause_cap_s`; every `survey_interval_s` the heads of all are compared."""

    retries: int = 4
    backoff_s: float = 0.1
    backoff_cap_s: float = 5.0
    max_lag_blocks: int = 3
    probe_timeout_s: float = 2.0
    distrust_s: float = 600.0
    hedge_factor: float = 4.0
    hedge_floor_s: float = 0.1
    hedge_cap_s: float = 1.0
    bulky_cap_s: float = 4.0
    probe_pause_s: float = 0.5
    probe_pause_cap_s: float = 15.0
    survey_interval_s: float = 15.0

    def pause(self, round_number: int, draw: float) -> float:
        """Seconds to wait after failure `round_number` (from 0); `draw` in [0, 1) is the jitter."""
        # The exponent is bounded so that the float cannot overflow; 2^30 is past any sensible cap.
        whole: float = min(self.backoff_cap_s, self.backoff_s * 2.0 ** min(round_number, 30))
        return whole * (0.5 + draw / 2)


@dataclass(slots=True)
class Member:
    """An endpoint of a pool. `verified`: it has proven to serve our chain. `behind`: the head at which it was found behind the others."""

    endpoint: Endpoint
    verified: bool = False
    behind: int | None = None
    failures: int = 0
    distrusted_until: float = _NEVER
    resting_until: float = _NEVER
    probe_at: float = _NEVER
    _strikes: int = 0
    _sound_since: float = _NEVER
    _latency_s: dict[str, float] = field(default_factory=dict)

    def rank(self, now: float) -> tuple[bool, int]:
        """Smaller is asked earlier: sound endpoints in the configured order, then the suspects by their failures."""
        return self.behind is not None or now < self.distrusted_until, self.failures

    def failed(self, now: float, retry: RetryOptions) -> None:
        """Set aside. One that fails again soon after it was found sound is probed ever more rarely."""
        if not self.failures and now - self._sound_since > _FORGIVEN_AFTER_S:
            self._strikes = 0
        self.failures += 1
        self.probe_at = now + min(retry.probe_pause_s * 2.0 ** min(self._strikes, 30), retry.probe_pause_cap_s)
        self._strikes += 1

    def sound(self, now: float) -> None:
        """It answers well again."""
        self.failures = 0
        self._sound_since = now

    def took(self, calls: Sequence[RpcCall], seconds: float) -> None:
        """How long a good answer took."""
        kind = calls[0].method
        usual = self._latency_s.get(kind, seconds)
        self._latency_s[kind] = usual + _LATENCY_WEIGHT * (seconds - usual)

    def patience_s(self, calls: Sequence[RpcCall], retry: RetryOptions, *, bulky: bool) -> float:
        """How long to wait for an answer before another endpoint is asked as well. `bulky` answers may take long."""
        if bulky:
            return retry.bulky_cap_s
        usual = self._latency_s.get(calls[0].method)
        if usual is None:
            return retry.hedge_cap_s
        return min(max(retry.hedge_factor * usual, retry.hedge_floor_s), retry.hedge_cap_s)
