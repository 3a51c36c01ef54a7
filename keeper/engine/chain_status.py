"""What the daemon says of one chain."""

from dataclasses import dataclass

from keeper.engine.metrics import Metrics
from keeper.service.status import Status


@dataclass(frozen=True, slots=True)
class ChainStatus(Status):
    """A chain's lane as any other, and its figures."""

    metrics: Metrics
