"""How patient the pool is with its endpoints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """Times in seconds. Pauses between rounds are `backoff_s` x 2^round, at most `backoff_cap_s`, times a jitter in [0.5, 1].

    The next endpoint is asked as well after `hedge_factor` times the usual latency, at least `hedge_floor_s`, at most `hedge_cap_s`
    (`bulky_cap_s` for ranges of logs). An endpoint set aside is probed after `probe_pause_s`, then ever more rarely up to
    `probe_pause_cap_s`; the heads of all endpoints are compared every `head_check_interval_s`."""

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
    head_check_interval_s: float = 15.0

    def pause(self, round_number: int, draw: float) -> float:
        """Seconds to wait after failure `round_number` (from 0); `draw` in [0, 1) is the jitter."""
        # The exponent is bounded so that the float cannot overflow; 2^30 is past any sensible cap.
        pause_s: float = min(self.backoff_cap_s, self.backoff_s * 2.0 ** min(round_number, 30))
        return pause_s * (0.5 + draw / 2)
