"""A trade against a market's pool, range by range (UniswapV3Pool.swap), exact but for a few wei per range it crosses.

Every range is a maker's order: the clearing house alone adds liquidity to its pools, so the book knows all of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keeper.domain.fixed import Q96, div_up
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.orders import base_for_liquidity
from keeper.venues.perp_v2.state import MarketReads, PerpBook


@dataclass(frozen=True, slots=True)
class Swap:
    """`quote` was paid for base, or received for it: X18, before the exchange's fee."""

    quote: int
    sqrt_price_after_x96: int


def liquidity_changes(base_token: str, book: PerpBook) -> Mapping[int, int]:
    """By tick, what the pool's liquidity changes by where the price rises through it (Tick.Info.liquidityNet)."""
    changes = Counter[int]()
    for account in book.accounts.values():
        position = account.positions.get(base_token)
        for (lower, upper), order in position.orders.items() if position else ():
            changes[lower] += order.liquidity
            changes[upper] -= order.liquidity
    return changes


def swap(size: int, reads: MarketReads, changes: Mapping[int, int]) -> Swap | None:
    """Buys (+) or sells exactly `size` base, X18; None where the pool has not as much."""
    if size > 0:
        above = sorted(tick for tick in changes if tick > reads.tick)
        return _purchase(size, reads, ((ticks.sqrt_price_at(tick), changes[tick]) for tick in above))
    below = sorted((tick for tick in changes if tick <= reads.tick), reverse=True)
    return _sale(-size, reads, ((ticks.sqrt_price_at(tick), -changes[tick]) for tick in below))


def _purchase(base: int, reads: MarketReads, bounds: Iterable[tuple[int, int]]) -> Swap | None:
    price, liquidity, quote = reads.sqrt_price_x96, reads.liquidity, 0
    for bound, change in bounds:
        room = base_for_liquidity(price, bound, liquidity)
        after = bound if base > room else div_up(liquidity * Q96 * price, liquidity * Q96 - base * price)
        quote += div_up(liquidity * (after - price), Q96)
        if base <= room:
            return Swap(quote, after)
        base, price, liquidity = base - room, bound, liquidity + change
    return None


def _sale(base: int, reads: MarketReads, bounds: Iterable[tuple[int, int]]) -> Swap | None:
    price, liquidity, quote = reads.sqrt_price_x96, reads.liquidity, 0
    for bound, change in bounds:
        room = base_for_liquidity(bound, price, liquidity)
        after = bound if base > room else div_up(liquidity * Q96 * price, liquidity * Q96 + base * price)
        quote += liquidity * (price - after) // Q96
        if base <= room:
            return Swap(quote, after)
        base, price, liquidity = base - room, bound, liquidity + change
    return None
