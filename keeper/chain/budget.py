"""How many requests an endpoint is sent in a second: a token bucket, in which what matters less leaves a reserve to what matters more."""

from collections import deque
from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from keeper.chain.clock import Clock
from keeper.domain.chain import Purpose

_RESERVES: Mapping[Purpose, float] = MappingProxyType({Purpose.HEAD: 0.0, Purpose.READ: 0.25, Purpose.FORK: 0.5, Purpose.LOGS: 0.5})
"""The part of the bucket that is left to what matters more. Sending waits for nothing."""
_WINDOW_S = 1.0
_MIN_RATE = 2.0
_CUT = 0.75
_DOUBLING_S = 30.0
_LONGEST_GROWTH_S = 600.0
_UNLIMITED_RATE = 1_000.0
"""Without a limit in the settings, a rate that has grown to this is none any more."""


class Budget:
    """The rate starts at its ceiling. A refusal brings it to three quarters of what was answered in the last second, if
    anything was: an endpoint that answers nothing has another trouble than our rate. Without another refusal it doubles in half a minute.

    The bucket holds a second's worth. What is sent without having waited (transactions, probes, a second request beside a slow one) is paid
    for by those that wait, at most a second's worth."""

    def __init__(self, clock: Clock, per_second: float = 0.0) -> None:
        """`per_second` is the ceiling; 0 for none."""
        self._clock = clock
        self._ceiling = per_second or inf
        self._rate = self._ceiling
        self._tokens = self._capacity
        self._refilled_at = clock.now()
        self._refused_at = -inf
        self._answered_at: deque[float] = deque()

    @property
    def rate(self) -> float:
        """Requests per second that may be sent now."""
        self._refill()
        return self._rate

    def pause_s(self, purpose: Purpose) -> float:
        """Seconds until a request may be sent; 0 for now."""
        self._refill()
        if purpose is Purpose.SEND or self._rate == inf:
            return 0.0
        needed = 1 + _RESERVES[purpose] * (self._capacity - 1)
        return max(needed - self._tokens, 0.0) / self._rate

    def spend(self) -> None:
        """A request is being sent."""
        self._refill()
        self._tokens = max(self._tokens - 1, -self._capacity)

    def record_answer(self) -> None:
        """The endpoint has answered a request."""
        self._answered_at.append(self._clock.now())
        self._forget()

    def record_refusal(self) -> None:
        """The endpoint wants fewer requests. Several refusals in a second are one: those requests were on their way already."""
        self._refill()
        now = self._clock.now()
        self._forget()
        if now - self._refused_at < _WINDOW_S or not self._answered_at:
            return
        self._refused_at = now
        self._rate = max(_CUT * min(self._rate, len(self._answered_at)), min(_MIN_RATE, self._ceiling))
        self._tokens = 0.0

    def _forget(self) -> None:
        """Only the answers of the last second count."""
        while self._answered_at and self._clock.now() - self._answered_at[0] > _WINDOW_S:
            self._answered_at.popleft()

    @property
    def _capacity(self) -> float:
        return max(self._rate, 1.0)

    def _refill(self) -> None:
        now = self._clock.now()
        elapsed_s, self._refilled_at = now - self._refilled_at, now
        if self._rate == inf:
            return
        rate = self._rate * 2.0 ** (min(elapsed_s, _LONGEST_GROWTH_S) / _DOUBLING_S)
        self._rate = min(rate, self._ceiling) if self._ceiling < inf or rate < _UNLIMITED_RATE else inf
        self._tokens = min(self._tokens + elapsed_s * self._rate, self._capacity) if self._rate < inf else inf
