"""A chain's newest blocks, and how many others they have replaced."""

from collections import deque
from collections.abc import Sequence

from keeper.domain.chain import BlockRef, BlocksReverted, Timestamp


class RecentBlocks:
    """The newest `length` blocks as they were followed, and the reorgs seen within as many."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._blocks: deque[BlockRef] = deque(maxlen=length)
        self._reorgs: deque[tuple[int, int]] = deque()

    def added(self, block: BlockRef) -> None:
        """The next block of the canonical chain."""
        self._blocks.append(block)
        while self._reorgs and self._reorgs[0][0] <= block.number - self._length:
            self._reorgs.popleft()

    def reverted(self, event: BlocksReverted) -> None:
        """Blocks that are gone."""
        while self._blocks and self._blocks[-1].number > event.ancestor.number:
            self._blocks.pop()
        self._reorgs.append((event.ancestor.number, len(event.orphaned)))

    @property
    def newest(self) -> BlockRef | None:
        """The head; None before the first block."""
        return self._blocks[-1] if self._blocks else None

    @property
    def time(self) -> Timestamp:
        """Of the head; 0 before the first block."""
        return self._blocks[-1].timestamp if self._blocks else Timestamp(0)

    def before_newest(self, count: int) -> Sequence[BlockRef]:
        """Up to so many blocks below the head, oldest first."""
        return list(self._blocks)[:-1][-count:]

    def orphaned(self, within: int) -> int:
        """How many blocks were replaced in reorgs that began within so many blocks of the head."""
        number = self._blocks[-1].number if self._blocks else 0
        return sum(count for ancestor, count in self._reorgs if ancestor > number - within)
