"""An executor's own results, and what they forbid it. A breaker is a gate that our results close."""

from collections.abc import Callable, Collection, Sequence

from keeper.domain.chain import Address, BlockRef
from keeper.domain.records import OutcomeRecord
from keeper.domain.result import Result, result_of
from keeper.engine.false_positives import FalsePositives
from keeper.engine.gates import Gates
from keeper.engine.loss_limit import LossLimit
from keeper.engine.ports import SentRecords
from keeper.engine.recording import timestamp_us


class Breakers:
    """Told of every outcome as it is recorded; after a restart they remember out of the lake. `gates` are those they close; `clock` in Unix
    seconds."""

    def __init__(self, false_positives: FalsePositives, loss_limit: LossLimit, gates: Gates, clock: Callable[[], float]) -> None:
        self._false_positives = false_positives
        self._loss_limit = loss_limit
        self.gates = gates
        self._clock = clock

    def recall(self, lake: SentRecords, senders: Collection[Address]) -> None:
        """The last day's results of these senders, at start."""
        self._take(lake.results(senders, self._loss_limit.since_us))

    def record(self, outcomes: Sequence[OutcomeRecord]) -> None:
        """Outcomes that are recorded now."""
        if outcomes:
            now = timestamp_us(self._clock())
            self._take([result_of(row, now) for row in outcomes])

    def reverted(self, orphaned: Sequence[BlockRef]) -> None:
        """Blocks that are gone, with what they decided."""
        self._false_positives.reverted(orphaned)
        self._loss_limit.reverted(orphaned)

    def _take(self, results: Sequence[Result]) -> None:
        self._false_positives.take(results)
        self._loss_limit.take(results)
