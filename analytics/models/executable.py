"""What the other side of liquidations can execute: cumulative base from a venue's price out to a relative displacement.

Displacements are relative to the venue's own mid (or pool) price, so that depth of one venue can be laid over the mark of another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, increasing, not_negative, same_length
from analytics.models.book import Book

Executable = Callable[[Floats], Floats]
"""Displacements (fractions of the price, >= 0) -> base executable within each; nan beyond what is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """A pool of concentrated liquidity: price (USD) and ranges `low` to `high` (USD) with liquidity L (sqrt of base x USD).

    Between prices a < b a range that covers both holds L (1/sqrt(a) - 1/sqrt(b)) base (Uniswap v3 whitepaper, eq. 6.16)."""

    price: float
    low: Floats
    high: Floats
    liquidity: Floats

    def __post_init__(self) -> None:
        same_length(low=self.low, high=self.high, liquidity=self.liquidity)
        not_negative("liquidity", self.liquidity)
        if not self.price > 0 or (self.low <= 0).any() or (self.high <= self.low).any():
            raise ModelInputError("a pool needs a positive price and ranges 0 < low < high")

    def base_between(self, low: float, high: float) -> float:
        """Base the pool trades while its price moves between two prices (USD, low <= high)."""
        return float(self._base(np.array([low, high]))[0])

    def book(self, venue: str, time: float, *, reach: float = 0.05, cell_bps: float = 1.0) -> Book:
        """The pool as a book out to a relative distance: a level per cell of `cell_bps`, at the price at which the pool fills all of it,
        the geometric mean of the cell's edges. Fees are left out. `time` in Unix s."""
        cells = int(np.ceil(np.log1p(reach) / (cell_bps * 1e-4)))
        edges = self.price * np.exp(cell_bps * 1e-4 * np.arange(-cells, cells + 1))
        size, price = self._base(edges), np.sqrt(edges[:-1] * edges[1:])
        below, above = size[:cells] > 0, size[cells:] > 0
        bids, asks = (price[:cells][below][::-1], size[:cells][below][::-1]), (price[cells:][above], size[cells:][above])
        return Book(venue, time, *bids, *asks, float(edges[0]), float(edges[-1]))

    def _base(self, edges: Floats) -> Floats:
        """Base in each cell between rising prices."""
        root = 1 / np.sqrt(np.clip(edges[:, None], self.low, self.high))
        held: Floats = (root[:-1] - root[1:]) @ self.liquidity
        return held


def of_pool(pool: Pool, victim_side: int) -> Executable:
    """A fall (victims long, +1) sells into the pool below its price, a rise (-1) buys from it above."""

    def within(shares: Floats) -> Floats:
        ends = pool.price * (1 - victim_side * shares)
        return np.array([pool.base_between(min(end, pool.price), max(end, pool.price)) for end in ends.tolist()])

    return within


def of_book(book: Book, victim_side: int) -> Executable:
    """Levels of the opposing side, counted up to where the book was recorded in full; unknown beyond."""
    price, size = book.opposing(-victim_side)
    away = victim_side * (book.mid - price) / book.mid
    end = book.bid_floor if victim_side == 1 else book.ask_ceiling
    reached = victim_side * (book.mid - end) / book.mid
    cumulative = np.concatenate([[0.0], np.cumsum(size)])

    def within(shares: Floats) -> Floats:
        known: Floats = cumulative[np.searchsorted(away, shares, side="right")]
        return np.where(shares <= reached, known, np.nan)

    return within


def of_bands(band_bps: ArrayLike, base: ArrayLike) -> Executable:
    """Cumulative base within each band (bps from the mid, rising), evenly spread between bands; unknown beyond the last."""
    bands, total = floats("band_bps", band_bps), floats("base", base)
    same_length(band_bps=bands, base=total)
    not_negative("base", total)
    increasing("band_bps", bands, strictly=True)
    if not len(bands):
        raise ModelInputError("no bands")
    at, held = np.concatenate([[0.0], bands * 1e-4]), np.concatenate([[0.0], total])
    return lambda shares: np.asarray(np.interp(shares, at, held, right=np.nan), dtype=np.float64)
