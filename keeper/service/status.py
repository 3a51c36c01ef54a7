"""What a process says of one of its lanes."""

from dataclasses import dataclass

from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Status:
    """All that /livez and /readyz say of one lane."""

    heartbeat: Heartbeat
    readiness: Readiness

    def stopped(self, reason: str) -> None:
        """The lane cannot go on, while others do: for people to mend, not for a supervisor to restart all."""
        self.heartbeat.rest()
        self.readiness.report("lane", f"stopped: {reason}")
