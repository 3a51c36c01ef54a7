"""What a consumer of chain events ends up with."""

from keeper.domain.chain import BlockAdded, BlockFinalised, BlockRef, BlocksReverted, ChainEvent, RawLog


class Listener:
    """Applies the events, and checks that each may come where it comes."""

    def __init__(self, start: BlockRef, finality_depth: int) -> None:
        self.chain: list[tuple[BlockRef, tuple[RawLog, ...]]] = [(start, ())]
        self.final = start
        self._depth = finality_depth

    def take(self, event: ChainEvent) -> None:
        tip = self.chain[-1][0]
        if isinstance(event, BlockAdded):
            assert (event.block.number, event.block.parent_hash) == (tip.number + 1, tip.hash)
            self.chain.append((event.block, event.logs))
        elif isinstance(event, BlocksReverted):
            assert event.orphaned
            orphaned = [block for block, _ in reversed(self.chain[-len(event.orphaned) :])]
            assert tuple(orphaned) == event.orphaned
            del self.chain[-len(event.orphaned) :]
            assert self.chain[-1][0] == event.ancestor
            assert event.ancestor.number >= self.final.number
        elif isinstance(event, BlockFinalised):
            assert event.block.number == tip.number - self._depth
            assert self.final.number < event.block.number
            assert event.block in [block for block, _ in self.chain]
            self.final = event.block
