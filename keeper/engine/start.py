"""Where following begins, and what some venues have processed beyond it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keeper.domain.chain import BlockRef
from keeper.errors import VenueFault


@dataclass(frozen=True, slots=True)
class Position:
    """How far one venue is: the last block it has processed, and those up to it that may still be replaced, oldest first, linked by
    parent hash."""

    cursor: BlockRef
    known: tuple[BlockRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """`positions` is where each venue stands, `faults` why the others cannot go on. Blocks below number `head`, the newest when the start
    was made, are history: they are taken in, and nothing is decided about them."""

    positions: Mapping[str, Position]
    head: int
    faults: Mapping[str, VenueFault] = field(default_factory=dict)

    @property
    def lowest(self) -> Position:
        """Where following begins: one follower serves all venues, so it is where the one furthest behind stands. ValueError without any."""
        return min(self.positions.values(), key=lambda position: position.cursor.number)


class Ahead:
    """Blocks the follower tells because one venue lacks them, and others have: those ignore them. The chain may have replaced a block they
    have before the follower came to it; then theirs goes."""

    def __init__(self, positions: Mapping[str, Position]) -> None:
        self._reached = {name: position.cursor.number for name, position in positions.items()}
        self._blocks = {name: list(position.known) for name, position in positions.items()}

    def has(self, venue: str, block: BlockRef) -> bool:
        """Whether the venue has processed the block. Asked after `replaced`."""
        return block.number <= self._reached.get(venue, -1)

    def replaced(self, block: BlockRef) -> Mapping[str, tuple[BlockRef, ...]]:
        """Venues that have another block in this one's place: that one and what they have above it, newest first, now forgotten."""
        wrong = [name for name, blocks in self._blocks.items() if any(_contradict(one, block) for one in blocks)]
        return {name: self._forget(name, block.number - 1) for name in wrong}

    def above(self, ancestor: int) -> Sequence[BlockRef]:
        """What venues have above block `ancestor`, which the chain has replaced; now forgotten."""
        return [block for name in self._blocks for block in self._forget(name, ancestor)]

    def _forget(self, venue: str, ancestor: int) -> tuple[BlockRef, ...]:
        blocks = self._blocks[venue]
        orphaned = tuple(block for block in reversed(blocks) if block.number > ancestor)
        self._blocks[venue] = blocks[: len(blocks) - len(orphaned)]
        self._reached[venue] = min(self._reached[venue], ancestor)
        return orphaned


def _contradict(one: BlockRef, other: BlockRef) -> bool:
    """They cannot both be of one chain."""
    if one.number == other.number:
        return one.hash != other.hash
    return one.number == other.number + 1 and one.parent_hash != other.hash


def linked(blocks: Sequence[BlockRef]) -> tuple[BlockRef, ...]:
    """The newest of these blocks, as far down as each is the parent of the next: of history without logs no blocks are kept, so that there
    are gaps between the older ones. `blocks` are ordered by number."""
    first = len(blocks) - 1
    while first > 0 and blocks[first - 1].hash == blocks[first].parent_hash:
        first -= 1
    return tuple(blocks[max(first, 0) :])
