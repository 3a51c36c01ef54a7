"""Notices a head that no longer rises, whatever the endpoints say about themselves."""

from keeper.chain.clock import Clock
from keeper.domain.chain import BlockRef

_BLOCKS, _LEAST_S = 3, 2.0
_LOOK_BLOCKS, _LEAST_LOOK_S = 2, 0.75
"""A look at the other endpoints costs a request each: it may come before a standstill is worth a word."""
_STALE_BLOCKS = 10
_LEAST_STALE_S = 30.0
_WEIGHT = 0.2


class Standstill:
    """Judges by the monotonic clock: the head has stood still when it has not risen for three usual times between blocks, and at least for
    two seconds. Usual is what was seen lately, at most `block_seconds`.

    With `wall_clock` a head is also too old when its timestamp lies more than ten block times (at least 30 s) behind the machine's clock:
    found at once at start, too. Not for chains whose time is made up, as on a devnet."""

    def __init__(self, clock: Clock, block_seconds: float, *, wall_clock: bool = False) -> None:
        self._clock = clock
        self._block_seconds = block_seconds
        self._wall_clock = wall_clock
        self._usual_s = block_seconds
        self._head: BlockRef | None = None
        self._rose_at = clock.now()
        self._examined_at = clock.now()

    def saw(self, head: BlockRef) -> None:
        """A head somebody told."""
        if self._head is not None and head.number <= self._head.number:
            return
        now = self._clock.now()
        if self._head is not None:
            between = (now - self._rose_at) / (head.number - self._head.number)
            self._usual_s = min(self._usual_s + _WEIGHT * (between - self._usual_s), self._block_seconds)
        self._head, self._rose_at = head, now

    def due(self) -> bool:
        """Whether the other endpoints should be looked at now, the next block being late; True once in two usual block times."""
        now = self._clock.now()
        limit_s = max(_LOOK_BLOCKS * self._usual_s, _LEAST_LOOK_S)
        still = now - self._rose_at > limit_s or self._stale() is not None
        if not still or now - self._examined_at <= limit_s:
            return False
        self._examined_at = now
        return True

    def below(self, number: int) -> bool:
        """Whether `number` is newer than every head told so far."""
        return self._head is not None and number > self._head.number

    def problem(self) -> str:
        """The standstill in one sentence."""
        number = "?" if self._head is None else self._head.number
        age = self._stale() or f"it has not risen for {self._clock.now() - self._rose_at:.0f} s"
        return f"block {number} is the newest at every endpoint that answers, but {age}"

    def rising(self) -> bool:
        """Whether the head rises as it should."""
        return self._clock.now() - self._rose_at <= max(_BLOCKS * self._usual_s, _LEAST_S) and self._stale() is None

    def _stale(self) -> str | None:
        if not self._wall_clock or self._head is None:
            return None
        age_s = self._clock.wall() - self._head.timestamp
        if age_s <= max(_STALE_BLOCKS * self._block_seconds, _LEAST_STALE_S):
            return None
        return f"its timestamp is {age_s:.0f} s old"
