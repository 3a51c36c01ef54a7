"""How well one endpoint does for one purpose."""

from dataclasses import dataclass

_WEIGHT = 0.2
_FLOOR_S = 0.01
"""Added to every latency: differences far below it say more about this machine than about an endpoint."""


@dataclass(slots=True)
class Score:
    """Moving averages over the answers and failures. `slowness` is the time of an answer as a multiple of what such a request usually
    takes, whichever endpoint is asked: one that is asked for more at once is not taken for a slow one."""

    answers: int = 0
    latency_s: float = 0.0
    slowness: float = 1.0
    error_rate: float = 0.0

    def record_answer(self) -> None:
        """A good answer, of a request whose time says nothing."""
        self.answers += 1
        self.error_rate -= _WEIGHT * self.error_rate

    def record_latency(self, latency_s: float, usual_s: float) -> None:
        """How long a good answer took, and how long such an answer usually takes."""
        multiple = (latency_s + _FLOOR_S) / (usual_s + _FLOOR_S)
        self.slowness += _WEIGHT * (multiple - self.slowness)
        self.latency_s = self.latency_s + _WEIGHT * (latency_s - self.latency_s) if self.latency_s else latency_s

    def record_failure(self) -> None:
        """No answer, a bad one, or one too late."""
        self.error_rate += _WEIGHT * (1 - self.error_rate)

    def value(self, lag_blocks: float) -> float:
        """About 1 for an endpoint that does as usual, more for a quicker one; half of it at twice the usual time, with every second request
        failing, or one block behind the others."""
        return (1 - self.error_rate) / (self.slowness * (1 + lag_blocks))
