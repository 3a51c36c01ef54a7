"""What the daemon says of one chain."""

from dataclasses import dataclass

from keeper.engine.metrics import Metrics
from keeper.service.status import Status


@dataclass(frozen=True, slots=True)
class ChainStatus(Status):
    """A chain's lane as any other, and its figures."""

    metrics: Metrics

    def gate(self, name: str, problem: str | None) -> None:
        """What keeps transactions back, in one sentence; None when it is over. An alert, and a figure."""
        self.readiness.report(name, problem)
        self.metrics.gate(name, closed=problem is not None)
