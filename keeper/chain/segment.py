"""The unfinalised end of the chain as the follower knows it. Pure."""

from collections.abc import Sequence

from keeper.domain.chain import BlockRef, Hash32


class Segment:
    """A finalised block (the anchor) and the blocks on top of it, each linked to the one before by its parent hash.

    Invariant: numbers are consecutive and `parent_hash` equals the hash of the block before; every method keeps it."""

    def __init__(self, anchor: BlockRef, unfinalised: Sequence[BlockRef] = ()) -> None:
        """Raises ValueError when the blocks do not link."""
        self._blocks = [anchor]
        for block in unfinalised:
            self.append(block)

    @property
    def anchor(self) -> BlockRef:
        """The newest finalised block."""
        return self._blocks[0]

    @property
    def tip(self) -> BlockRef:
        """The newest block."""
        return self._blocks[-1]

    def at(self, number: int) -> BlockRef | None:
        """The block with that number, if it is part of the segment."""
        index = number - self.anchor.number
        return self._blocks[index] if 0 <= index < len(self._blocks) else None

    def holds(self, block_hash: Hash32) -> bool:
        """Whether a block of that hash is part of the segment."""
        return any(block.hash == block_hash for block in reversed(self._blocks))

    def continues(self, block: BlockRef) -> bool:
        """Whether `block` is the next one."""
        return block.number == self.tip.number + 1 and block.parent_hash == self.tip.hash

    def append(self, block: BlockRef) -> None:
        """Add the next block. Raises ValueError when it does not link to the tip."""
        if not self.continues(block):
            raise ValueError(f"block {block.number} {block.hash} does not follow {self.tip.number} {self.tip.hash}")
        self._blocks.append(block)

    def revert_to(self, ancestor: BlockRef) -> tuple[BlockRef, ...]:
        """Drop everything above `ancestor`; returns it, newest first. Raises ValueError when `ancestor` is not part of the segment."""
        if self.at(ancestor.number) != ancestor:
            raise ValueError(f"block {ancestor.number} {ancestor.hash} is not part of the segment")
        length = ancestor.number - self.anchor.number + 1
        orphaned = tuple(reversed(self._blocks[length:]))
        del self._blocks[length:]
        return orphaned

    def finalise(self, depth: int) -> BlockRef | None:
        """Move the anchor to `depth` blocks below the tip; returns the new anchor, or None when it need not move."""
        block = self.at(self.tip.number - depth)
        if block is None or block is self.anchor:
            return None
        del self._blocks[: block.number - self.anchor.number]
        return block
