"""M14: what it costs that an order is split over venues instead of meeting one pooled book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats
from analytics.models.book import Book
from analytics.models.concentration import chi_square, shares
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.slippage import slippage_bps

COST = Definition(
    "M14",
    "fragmentation cost",
    "bps",
    "FC(Q) = sum s_i slip_i(s_i Q) - slip_pool(Q)",
    "a frictionless pool: upper bound of what pooling would save",
)
LINEAR_RATIO = Definition(
    "M14", "linear fragmentation ratio", "1", "sum s_i^2 / w_i = 1 + chi^2(s||w)", "exact for linear books of equal density law"
)
FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Fragmentation:
    """The cost and its two terms (bps)."""

    cost: Figure
    split_bps: float | None
    pooled_bps: float | None


def fresh(books: Sequence[Book], within_s: float = FRESH_S) -> tuple[Book, ...]:
    """The books no older than `within_s` (s) than the newest: only mutually fresh quotes may be pooled."""
    newest = max((book.time for book in books), default=0.0)
    return tuple(book for book in books if newest - book.time < within_s)


def aligned(book: Book, mid: float, fee_bps: float = 0.0) -> Book:
    """The book scaled so that its mid is `mid` (removes basis and stablecoin rate), taker fee added to asks and taken from bids."""
    scale, fee = mid / book.mid, fee_bps * 1e-4
    return replace(
        book,
        bid_price=book.bid_price * scale * (1 - fee),
        ask_price=book.ask_price * scale * (1 + fee),
        bid_floor=book.bid_floor * scale * (1 - fee),
        ask_ceiling=book.ask_ceiling * scale * (1 + fee),
    )


def pool(books: Sequence[Book]) -> Book:
    """The union of the levels of aligned books; known only as far as the least deep venue was recorded."""
    if not books:
        raise ModelInputError("no fresh books to pool")
    floor, ceiling = max(book.bid_floor for book in books), min(book.ask_ceiling for book in books)
    bids = _union([(book.bid_price, book.bid_size) for book in books], descending=True)
    asks = _union([(book.ask_price, book.ask_size) for book in books], descending=False)
    kept_bids, kept_asks = bids[:, bids[0] >= floor], asks[:, asks[0] <= ceiling]
    return Book("pool", max(book.time for book in books), kept_bids[0], kept_bids[1], kept_asks[0], kept_asks[1], floor, ceiling)


def _union(sides: Sequence[tuple[Floats, Floats]], *, descending: bool) -> Floats:
    stacked = np.array([np.concatenate([price for price, _ in sides]), np.concatenate([size for _, size in sides])])
    order = np.argsort(-stacked[0] if descending else stacked[0], kind="stable")
    return stacked[:, order]


def cost(
    books: Sequence[Book],
    flow: ArrayLike,
    taker_side: int,
    base: float,
    scope: Scope,
    fees_bps: Mapping[str, float] | None = None,
    met: Sequence[Book] | None = None,
) -> Fragmentation:
    """FC of `base` split in proportion to `flow` (one entry per book). Stale books are dropped with their flow; mids are aligned to their
    median.

    With `fees_bps` (taker fee per venue) both terms are fee-aware. With `met` (one per book) the pooled order meets those books instead:
    what is left of each venue's quotes when an arbitrageur's order gets there. None when one of the walks cannot be filled."""
    usual = floats("flow", flow)
    if len(usual) != len(books) or (met is not None and len(met) != len(books)):
        raise ModelInputError(f"{len(usual)} flows and {len(books if met is None else met)} books met for {len(books)} books")
    used = fresh(books)
    kept = [i for i, book in enumerate(books) if any(book is other for other in used)]
    parts = shares(usual[kept])
    mid = float(np.median([book.mid for book in used]))
    fees = [(fees_bps or {}).get(book.venue, 0.0) for book in used]
    flat = [aligned(book, mid, fee) for book, fee in zip(used, fees, strict=True)]
    # Basis is taken out as it was at the order's moment: what a price moves until the order arrives is what lateness costs.
    late = used if met is None else [met[i] for i in kept]
    reached = [aligned(after, mid * after.mid / book.mid, fee) for after, book, fee in zip(late, used, fees, strict=True)]
    each = [slippage_bps(book, taker_side, part * base, mid) if part > 0 else 0.0 for book, part in zip(flat, parts, strict=True)]
    pooled = slippage_bps(pool(reached), taker_side, base, mid)
    split = None if None in each else float(sum(part * (slip or 0.0) for part, slip in zip(parts, each, strict=True)))
    value = split - pooled if split is not None and pooled is not None else None
    notes = [f"{len(books) - len(used)} stale books left out"] if len(used) < len(books) else []
    notes += ["fee-aware"] if fees_bps else []
    notes += ["latency-aware"] if met is not None else []
    notes += ["a recorded book cannot fill its part"] if value is None else []
    return Fragmentation(COST.figure(value, scope, len(used), note="; ".join(notes)), split, pooled)


def linear_ratio(flow: ArrayLike, depth: ArrayLike, scope: Scope) -> Figure:
    """Split cost over pooled cost when every book is linear: 1 + chi^2(flow || depth)."""
    return LINEAR_RATIO.figure(1 + chi_square(flow, depth), scope, len(np.atleast_1d(flow)))
