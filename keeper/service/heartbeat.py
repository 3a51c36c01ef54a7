"""Whether a loop is at work."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Heartbeat:
    """When the loop last finished a piece of work or asked for one, and how long that may lie back before it counts as dead (seconds of the
    monotonic clock). A source that stands still or is down is not its death: a restart mends
    neither."""

    clock: Callable[[], float]
    limit_s: float
    last_beat: float | None = None
    last_pulse: float | None = None

    def beat(self) -> None:
        """The loop finished a piece of work."""
        self.last_beat = self.last_pulse = self.clock()

    def pulse(self) -> None:
        """The loop asks for its source's news, whether there are any or not."""
        self.last_pulse = self.clock()

    def rest(self) -> None:
        """Nothing more is expected of it."""
        self.last_pulse = None

    def started(self) -> bool:
        """At least one piece of work was finished: ready."""
        return self.last_beat is not None

    def alive(self) -> bool:
        """Recently enough. Before the first piece of work (start-up, backfill) the loop counts as alive."""
        return self.last_beat is None or self.last_pulse is None or self.clock() - self.last_pulse < self.limit_s
