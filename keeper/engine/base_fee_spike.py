"""A base fee far above what it was a while ago."""

from dataclasses import dataclass
from statistics import median_low

from keeper.engine.recent_blocks import RecentBlocks

_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class BaseFeeSpike:
    """More than `percent` of the median of the last `blocks` before the head. A fee that stays high becomes the median, and is no spike."""

    recent: RecentBlocks
    percent: int
    blocks: int

    def problem(self) -> str | None:
        """The spike in words."""
        head = self.recent.newest
        fees = [block.base_fee_wei for block in self.recent.before_newest(self.blocks)]
        median = median_low(fees) if fees else 0
        if head is None or not median or head.base_fee_wei * 100 <= median * self.percent:
            return None
        return f"the base fee is {head.base_fee_wei / _GWEI:g} gwei, the median of {len(fees)} blocks before {median / _GWEI:g} gwei"
