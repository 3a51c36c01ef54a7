"""A chain that does not come to rest: what is sent on one block may land on another."""

from dataclasses import dataclass

from keeper.engine.recent_blocks import RecentBlocks


@dataclass(frozen=True, slots=True)
class ReorgStorm:
    """More than `most` blocks replaced within `blocks`."""

    recent: RecentBlocks
    most: int
    blocks: int

    def problem(self) -> str | None:
        """The storm in words."""
        count = self.recent.orphaned(self.blocks)
        return f"{count} blocks were replaced within the last {self.blocks}" if count > self.most else None
