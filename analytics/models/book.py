"""One venue's order book at one moment, best level first."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, same_length


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Prices in USD, sizes in base. Levels below `bid_floor` or above `ask_ceiling` were not recorded: depth beyond them is unknown, not
    zero."""

    venue: str
    time: float
    bid_price: Floats
    bid_size: Floats
    ask_price: Floats
    ask_size: Floats
    bid_floor: float
    ask_ceiling: float

    @classmethod
    def of(cls, bids: ArrayLike, asks: ArrayLike, *, venue: str = "", time: float = 0.0) -> Self:
        """From (n, 2) arrays of price and size, sorted and checked; the recorded range ends at the outermost level. `time` in s.

        ModelInputError when a side is empty, a size is not positive, or the book is crossed (such a book is flagged, not used)."""
        b, a = np.asarray(bids, dtype=np.float64), np.asarray(asks, dtype=np.float64)
        if b.ndim != 2 or a.ndim != 2 or b.shape[1] != 2 or a.shape[1] != 2 or not len(b) or not len(a):
            raise ModelInputError("a book needs bids and asks as (price, size) rows")
        if not (b > 0).all() or not (a > 0).all():
            raise ModelInputError("book prices and sizes must be positive")
        b, a = b[np.argsort(-b[:, 0], kind="stable")], a[np.argsort(a[:, 0], kind="stable")]
        if b[0, 0] >= a[0, 0]:
            raise ModelInputError(f"crossed book: bid {b[0, 0]} >= ask {a[0, 0]}")
        return cls(venue, time, b[:, 0], b[:, 1], a[:, 0], a[:, 1], float(b[-1, 0]), float(a[-1, 0]))

    @property
    def mid(self) -> float:
        """(best bid + best ask) / 2, USD."""
        return float(self.bid_price[0] + self.ask_price[0]) / 2

    @property
    def spread_bps(self) -> float:
        """(best ask - best bid) / mid in bps."""
        return float(self.ask_price[0] - self.bid_price[0]) / self.mid * 1e4

    def opposing(self, taker_side: int) -> tuple[Floats, Floats]:
        """(prices, sizes) that a buyer (+1) or a seller (-1) meets, best first."""
        if taker_side == 1:
            return self.ask_price, self.ask_size
        if taker_side == -1:
            return self.bid_price, self.bid_size
        raise ModelInputError("taker side is +1 (buy) or -1 (sell)")


def mids(times: ArrayLike, bid: ArrayLike, ask: ArrayLike) -> Floats:
    """Mid prices of aligned quotes; nan where crossed."""
    at, b, a = floats("times", times), floats("bid", bid), floats("ask", ask)
    same_length(times=at, bid=b, ask=a)
    return np.where(b < a, (a + b) / 2, np.nan)
