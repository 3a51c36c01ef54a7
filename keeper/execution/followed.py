"""The canonical chain as the engine has processed it, to check the answers of endpoints about blocks."""

from keeper.domain.chain import BlockRef


class FollowedBlocks:
    """The newest blocks the engine has processed, by height. Other blocks must be asked for."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._blocks: dict[int, BlockRef] = {}

    def add(self, head: BlockRef) -> None:
        """The engine has reached this block. Blocks it does not build on are forgotten."""
        parent = self._blocks.get(head.number - 1)
        continuous = parent is not None and parent.hash == head.parent_hash
        lowest = head.number - self._depth
        self._blocks = {number: block for number, block in self._blocks.items() if continuous and lowest < number < head.number}
        self._blocks[head.number] = head

    def at(self, number: int) -> BlockRef | None:
        """The canonical block at a height; None where it is not remembered."""
        return self._blocks.get(number)
