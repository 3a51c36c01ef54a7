"""What a day's attempts have lost, before the executor contract's own budget is used up."""

from collections.abc import Callable, Iterable, Sequence

from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fixed import X18
from keeper.domain.records import MicroTime
from keeper.domain.result import Result

_DAY_US = 86_400 * 10**6


class LossLimit:
    """Trips while the results of the last 24 hours lie more than `limit_x18` (USD, 18 decimals) below zero; 0 for never. `clock` in Unix
    seconds."""

    def __init__(self, limit_x18: int, clock: Callable[[], float]) -> None:
        self._limit_x18 = limit_x18
        self._clock = clock
        self._results: dict[tuple[Hash32, CandidateId], Result] = {}
        self._change_x18 = 0
        self._oldest_us = MicroTime(0)

    @property
    def since_us(self) -> MicroTime:
        """From when on results count."""
        return MicroTime(int(self._clock() * 10**6) - _DAY_US)

    def take(self, results: Iterable[Result]) -> None:
        """What is told again counts once."""
        self._results |= {(result.transaction_hash, result.candidate_id): result for result in results}
        self._recount()

    def reverted(self, orphaned: Sequence[BlockRef]) -> None:
        """What these blocks told is void."""
        hashes = {block.hash for block in orphaned}
        self._results = {key: result for key, result in self._results.items() if result.block_hash not in hashes}
        self._recount()

    def problem(self) -> str | None:
        """The loss in words, while it stands."""
        if self._results and self._oldest_us < self.since_us:
            self._recount()
        if not self._limit_x18 or self._change_x18 >= -self._limit_x18:
            return None
        return (
            f"{-self._change_x18 / X18:.2f} USD lost within 24 hours by {len(self._results)} attempts, the limit is "
            f"{self._limit_x18 / X18:.2f} USD; going on when the losses are a day old, or with a higher limits.loss_limit_usd"
        )

    def _recount(self) -> None:
        since_us = self.since_us
        self._results = {key: result for key, result in self._results.items() if result.at_us >= since_us}
        self._change_x18 = sum(result.change_x18 for result in self._results.values())
        self._oldest_us = min((result.at_us for result in self._results.values()), default=MicroTime(0))
