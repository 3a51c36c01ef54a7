"""M14: what a market order of a given size pays, walked through the book."""

from dataclasses import dataclass

import numpy as np

from analytics.models.arrays import ModelInputError
from analytics.models.book import Book
from analytics.models.figure import Definition, Figure, Scope

SLIPPAGE = Definition(
    "M14",
    "slippage",
    "bps",
    "|VWAP / mid - 1| x 10^4 of a market order walked through the book",
    "null when the recorded book cannot fill it",
)


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk of `filled` base at `vwap` (USD); `vwap` is None when the book held less than asked."""

    filled: float
    vwap: float | None


def walk(book: Book, taker_side: int, base: float) -> Walk:
    """Fill `base` (> 0) against the opposing side: +1 buys asks, -1 sells into bids."""
    if not base > 0:
        raise ModelInputError(f"an order needs a positive size, not {base}")
    price, size = book.opposing(taker_side)
    before = np.concatenate([[0.0], np.cumsum(size)[:-1]])
    taken = np.clip(base - before, 0.0, size)
    filled = float(taken.sum())
    complete = filled >= base * (1 - 1e-12)
    return Walk(filled, float(price @ taken) / filled if complete else None)


def slippage_bps(book: Book, taker_side: int, base: float, mid: float | None = None) -> float | None:
    """Slippage against `mid` (the book's own by default); None when unfilled."""
    vwap = walk(book, taker_side, base).vwap
    return None if vwap is None else abs(vwap / (book.mid if mid is None else mid) - 1) * 1e4


def slippage(book: Book, taker_side: int, base: float, scope: Scope) -> Figure:
    """`slippage_bps` as a figure."""
    value = slippage_bps(book, taker_side, base)
    return SLIPPAGE.figure(value, scope, 1, note="" if value is not None else f"the recorded book cannot fill {base:g} base")
