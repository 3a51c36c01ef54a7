"""An order book that is replaced and updated level by level, and the ladder it shows at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytics.sources.refusal import Refusal

Level = tuple[float, float]
"""Price and size (base). Size zero removes the level."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a ladder, best price first. Sizes in base."""

    prices: NDArray[np.float64]
    sizes: NDArray[np.float64]

    def within(self, mid: float, bps: float) -> Level:
        """Base and notional from the mid out to `bps`."""
        inside = np.abs(self.prices - mid) <= mid * bps * 1e-4 * (1 + 1e-12)
        return float(self.sizes[inside].sum()), float((self.sizes[inside] * self.prices[inside]).sum())


@dataclass(frozen=True, slots=True)
class Ladder:
    """Both sides at a moment. Beyond `bid_floor` and `ask_ceiling` only levels that changed since the last full book are known."""

    bids: Side
    asks: Side
    bid_floor: float
    ask_ceiling: float

    @property
    def mid(self) -> float:
        """Halfway between the best prices."""
        return float(self.bids.prices[0] + self.asks.prices[0]) / 2


@dataclass(slots=True)
class OrderBook:
    """Levels by price. Mutable on purpose: it is replayed millions of times."""

    bids: dict[float, float] = field(default_factory=dict)
    asks: dict[float, float] = field(default_factory=dict)
    bid_floor: float = float("inf")
    ask_ceiling: float = 0.0

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forget everything and take a full book."""
        self.bids, self.asks = {}, {}
        self.update(bids, asks)
        self.bid_floor = min(self.bids, default=float("inf"))
        self.ask_ceiling = max(self.asks, default=0.0)

    def update(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set the sizes of some levels. Refusal for a negative size."""
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price, size in levels:
                if size > 0:
                    side[price] = size
                elif size == 0:
                    side.pop(price, None)
                else:
                    raise Refusal(f"an order book level at {price} has size {size}, which is not positive")

    def ladder(self, bps: float) -> Ladder | None:
        """The levels within `bps` of the mid, or None while a side is empty."""
        if not self.bids or not self.asks:
            return None
        mid = (max(self.bids) + min(self.asks)) / 2
        reach = mid * bps * 1e-4
        return Ladder(_side(self.bids, -1, mid, reach), _side(self.asks, 1, mid, reach), self.bid_floor, self.ask_ceiling)


def _side(levels: dict[float, float], sign: int, mid: float, reach: float) -> Side:
    """A crossed book has levels on the wrong side of the mid: they are kept, so that it shows."""
    prices = np.fromiter(levels.keys(), np.float64, len(levels))
    sizes = np.fromiter(levels.values(), np.float64, len(levels))
    near = (prices - mid) * sign <= reach
    order = np.argsort(prices[near] * sign, kind="stable")
    return Side(prices[near][order], sizes[near][order])
