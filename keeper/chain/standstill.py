"""Notices a head that no longer rises."""

from keeper.chain.clock import Clock
from keeper.domain.chain import BlockRef

_BLOCKS, _MIN_S = 3, 2.0
_CHECK_BLOCKS, _MIN_CHECK_S = 2, 0.75
"""A check of the other endpoints costs a request each: it may come before a standstill is reported."""
_STALE_BLOCKS = 10
_MIN_STALE_S = 30.0
_WEIGHT = 0.2


class Standstill:
    """Judges by the monotonic clock: the head has stood still when it has not risen for three usual times between blocks, and at least for
    two seconds. The usual time is a moving average, at most `block_seconds`.

    With `wall_clock` a head is also too old when its timestamp lies more than ten block times (at least 30 s) behind the machine's clock:
    this also works right after the start. Not for chains with artificial timestamps, as a devnet."""

    def __init__(self, clock: Clock, block_seconds: float, *, wall_clock: bool = False) -> None:
        self._clock = clock
        self._block_seconds = block_seconds
        self._wall_clock = wall_clock
        self._usual_s = block_seconds
        self._head: BlockRef | None = None
        self._last_rise = clock.now()
        self._last_check = clock.now()

    def observe(self, head: BlockRef) -> None:
        """Record a head."""
        if self._head is not None and head.number <= self._head.number:
            return
        now = self._clock.now()
        if self._head is not None:
            block_time_s = (now - self._last_rise) / (head.number - self._head.number)
            self._usual_s = min(self._usual_s + _WEIGHT * (block_time_s - self._usual_s), self._block_seconds)
        self._head, self._last_rise = head, now

    def due(self) -> bool:
        """Whether to check the other endpoints now, as the next block is late; True once in two usual block times."""
        now = self._clock.now()
        limit_s = max(_CHECK_BLOCKS * self._usual_s, _MIN_CHECK_S)
        late = now - self._last_rise > limit_s or self._stale() is not None
        if not late or now - self._last_check <= limit_s:
            return False
        self._last_check = now
        return True

    def is_behind(self, number: int) -> bool:
        """Whether `number` is newer than every head observed so far."""
        return self._head is not None and number > self._head.number

    def problem(self) -> str:
        """The standstill in one sentence."""
        number = "?" if self._head is None else self._head.number
        age = self._stale() or f"it has not risen for {self._clock.now() - self._last_rise:.0f} s"
        return f"block {number} is the newest at every endpoint that answers, but {age}"

    def is_rising(self) -> bool:
        """Whether the head rises as it should."""
        return self._clock.now() - self._last_rise <= max(_BLOCKS * self._usual_s, _MIN_S) and self._stale() is None

    def _stale(self) -> str | None:
        if not self._wall_clock or self._head is None:
            return None
        age_s = self._clock.wall() - self._head.timestamp
        if age_s <= max(_STALE_BLOCKS * self._block_seconds, _MIN_STALE_S):
            return None
        return f"its timestamp is {age_s:.0f} s old"
