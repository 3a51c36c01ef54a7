"""M13: depth within bands, spread and imbalance of a book."""

from dataclasses import dataclass

import numpy as np

from analytics.models.arrays import Floats
from analytics.models.book import Book
from analytics.models.figure import Definition, Figure, Scope

BANDS_BPS = (10.0, 25.0, 50.0, 100.0, 200.0, 400.0)

DEPTH = Definition(
    "M13", "depth", "USD", "D_x = sum q px within x bps of mid, one side", "measured from mid; Kaiko measures from the best quote"
)
SPREAD = Definition("M13", "spread", "bps", "(ask - bid) / mid")
IMBALANCE = Definition("M13", "imbalance", "1", "(B - A) / (B + A) of depth within the band")


@dataclass(frozen=True, slots=True)
class BandDepth:
    """Depth of both sides within one band and their imbalance; None where the band reaches beyond the recorded levels."""

    band_bps: float
    bid: Figure
    ask: Figure
    imbalance: Figure


def spread(book: Book, scope: Scope) -> Figure:
    """Relative spread of one book."""
    return SPREAD.figure(book.spread_bps, scope, 1)


def bands(book: Book, scope: Scope, widths: tuple[float, ...] = BANDS_BPS, *, from_best: bool = False) -> tuple[BandDepth, ...]:
    """Depth per band from the mid, or from each side's best quote (`from_best`, Kaiko's convention)."""
    return tuple(_band(book, scope, width, from_best) for width in widths)


def _band(book: Book, scope: Scope, width: float, from_best: bool) -> BandDepth:
    low = (float(book.bid_price[0]) if from_best else book.mid) * (1 - width * 1e-4)
    high = (float(book.ask_price[0]) if from_best else book.mid) * (1 + width * 1e-4)
    inside_bid, inside_ask = book.bid_price >= low, book.ask_price <= high
    bid = _usd(book.bid_price[inside_bid], book.bid_size[inside_bid]) if low >= book.bid_floor else None
    ask = _usd(book.ask_price[inside_ask], book.ask_size[inside_ask]) if high <= book.ask_ceiling else None
    balance = (bid - ask) / (bid + ask) if bid is not None and ask is not None and bid + ask > 0 else None
    n_bid, n_ask = int(np.sum(inside_bid)), int(np.sum(inside_ask))
    reference = "from the best quote" if from_best else ""
    return BandDepth(
        width,
        DEPTH.figure(bid, scope, n_bid, note=_notes(reference, bid)),
        DEPTH.figure(ask, scope, n_ask, note=_notes(reference, ask)),
        IMBALANCE.figure(balance, scope, n_bid + n_ask, note=_notes(reference, balance)),
    )


def _usd(price: Floats, size: Floats) -> float:
    return float(price @ size)


def _notes(reference: str, value: float | None) -> str:
    return "; ".join(part for part in (reference, "" if value is not None else "band reaches beyond the recorded levels") if part)
