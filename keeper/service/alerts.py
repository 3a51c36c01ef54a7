"""What calls for people: a condition that keeps a lane from its work."""

from dataclasses import dataclass
from typing import Protocol

from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition by its part ("executor", "lane", ...), and the problem in one sentence with its mend."""

    part: str
    problem: str


class Alerts(Protocol):
    """Where alerts go. Each is opened once, however long its condition stands, and closed once."""

    def open(self, alert: Alert) -> None:
        """The condition has begun."""

    def close(self, alert: Alert) -> None:
        """The condition is over; `alert` carries its last problem."""


@dataclass(frozen=True, slots=True)
class LogAlerts:
    """Alerts as lines of the log."""

    log: FilteringBoundLogger

    def open(self, alert: Alert) -> None:
        """An error line."""
        self.log.error("not ready", part=alert.part, problem=alert.problem)

    def close(self, alert: Alert) -> None:
        """An info line."""
        self.log.info("ready again", part=alert.part, was=alert.problem)
