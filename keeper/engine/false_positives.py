"""Transactions that went through when they were checked and reverted on the chain, again and again: what we check with is wrong about the
chain, or somebody makes it so."""

from collections.abc import Callable, Iterable, Sequence

from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.records import MicroTime
from keeper.domain.result import Result


class FalsePositives:
    """Trips after `most` blocks running in which something of ours reverted and nothing went through, lost races apart; 0 for never. What
    reverts in one block was sent on one state of the chain and has one cause, so it counts once. Opens `cool_off_us` after the last of
    them, and while `pardon` says that the operator has stopped all sending himself. `clock` in Unix seconds."""

    def __init__(self, most: int, cool_off_us: int, clock: Callable[[], float], pardon: Callable[[], bool]) -> None:
        self._most = most
        self._cool_off_us = cool_off_us
        self._clock = clock
        self._pardon = pardon
        self._blocks: dict[Hash32, MicroTime] = {}
        self._success: Hash32 | None = None

    def take(self, results: Iterable[Result]) -> None:
        """In the order of their blocks."""
        for result in results:
            if result.outcome == "included":
                self._success, self._blocks = result.block_hash, {}
            elif result.outcome == "reverted" and result.block_hash != self._success:
                self._blocks.setdefault(result.block_hash, result.at_us)

    def reverted(self, orphaned: Sequence[BlockRef]) -> None:
        """What these blocks told is void."""
        for block in orphaned:
            self._blocks.pop(block.hash, None)

    def problem(self) -> str | None:
        """The series in words, while it stands."""
        if self._blocks and (self._pardon() or self._clock() * 10**6 - max(self._blocks.values()) >= self._cool_off_us):
            self._blocks = {}
        if not self._most or len(self._blocks) < self._most:
            return None
        return (
            f"transactions that had gone through when checked reverted in {len(self._blocks)} blocks running; going on after "
            f"{self._cool_off_us // 10**6} s, or once the operator has stopped and resumed sending"
        )
