"""What it costs to close a position that was taken over, from the pool's spot price and the liquidity around it.

An estimate: it assumes that the liquidity now in range reaches as far as the close goes. The plan's guard, simulated before it is
sent, decides on the real result."""

import math
from dataclasses import dataclass, replace

from keeper.domain.fixed import Q96, RATIO, X18
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.price_limits import reference_tick, spread_limit
from keeper.venues.perp_v2.state import Market, MarketReads

_BAND_MARGIN_RATIO = 5_000
"""Half a percent is kept from the edge of the price band: crossing it reverts the whole close."""
_TICK_MARGIN = 2
"""Ticks kept from the tick limit."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One market's pool as the closing swap will find it. `limit_*` are the sqrt prices no close may cross."""

    sqrt_price_x96: int
    liquidity: int
    fee_ratio: int
    limit_low_x96: int
    limit_high_x96: int

    @classmethod
    def of(cls, market: Market, reads: MarketReads, now: int) -> "Pool":
        """Limits as of Exchange._isOverPriceLimitWithTick and the price band of Exchange._swap."""
        reference = reference_tick(market, reads, now)
        reach = max(0, market.max_tick_crossed - _TICK_MARGIN)
        low, high = (ticks.sqrt_price_at(_clamped(reference + sign * reach)) for sign in (-1, 1))
        spread = max(0, spread_limit(market) - _BAND_MARGIN_RATIO)
        band_low = ticks.sqrt_price_of(reads.index_x18 * (RATIO - spread) // RATIO)
        band_high = ticks.sqrt_price_of(reads.index_x18 * (RATIO + spread) // RATIO)
        usable = reads.liquidity if market.max_tick_crossed else 0
        return cls(reads.sqrt_price_x96, usable, market.exchange_fee_ratio, max(low, band_low), min(high, band_high))

    def after(self, base_sold: int) -> "Pool":
        """The pool once this much base was sold into it (+) or bought out of it (-), X18. The limits stay: all swaps of 15 s share them."""
        if base_sold == 0 or self.liquidity == 0:
            return self
        # More base than the liquidity holds cannot be bought: what is left of the pool then is its limit.
        left = self.liquidity * Q96 + base_sold * self.sqrt_price_x96
        moved = -(-(self.liquidity * Q96 * self.sqrt_price_x96) // left) if left > 0 else self.limit_high_x96
        fallen = max(ticks.MIN_SQRT_PRICE_X96, self.liquidity * Q96 * self.sqrt_price_x96 // left) if base_sold > 0 else moved
        return replace(self, sqrt_price_x96=fallen)

    def limit(self, is_long: bool) -> int:
        """The sqrt price a close of a long (selling) or a short (buying) must stop at."""
        return self.limit_low_x96 if is_long else self.limit_high_x96

    def size_until(self, sqrt_target_x96: int, is_long: bool) -> int:
        """Base that moves the spot to the target, never beyond the limits; 0 where the spot is already there."""
        if is_long:
            target = max(sqrt_target_x96, self.limit_low_x96)
            return _base_between(target, self.sqrt_price_x96, self.liquidity) if target < self.sqrt_price_x96 else 0
        target = min(sqrt_target_x96, self.limit_high_x96)
        return _base_between(self.sqrt_price_x96, target, self.liquidity) if target > self.sqrt_price_x96 else 0

    def quote_for(self, size: int, is_long: bool) -> int:
        """Quote received, net of the fee, for selling `size` base; or paid, with the fee, for buying it. 0 <= size, X18.

        Only asked for sizes `size_until` allows."""
        if is_long:
            after = (self.liquidity * Q96 * self.sqrt_price_x96) // (self.liquidity * Q96 + size * self.sqrt_price_x96)
            quote = self.liquidity * (self.sqrt_price_x96 - after) // Q96
            return quote - quote * self.fee_ratio // RATIO
        after = -(-(self.liquidity * Q96 * self.sqrt_price_x96) // (self.liquidity * Q96 - size * self.sqrt_price_x96))
        quote = self.liquidity * (after - self.sqrt_price_x96) // Q96 + 1
        return quote + quote * self.fee_ratio // RATIO + 1


def most_profitable_sqrt_price(price_x18: int, discount_ratio: int, fee_ratio: int, is_long: bool) -> int:
    """Where the close of one more unit earns nothing: taken over at the price less (plus) the discount, closed at the spot less the fee."""
    if is_long:
        worth = price_x18 * (RATIO - discount_ratio) // (RATIO - fee_ratio)
    else:
        worth = price_x18 * (RATIO + discount_ratio) // (RATIO + fee_ratio)
    return math.isqrt(worth * Q96 * Q96 // X18)


def _base_between(sqrt_low_x96: int, sqrt_high_x96: int, liquidity: int) -> int:
    return (liquidity << 96) * (sqrt_high_x96 - sqrt_low_x96) // sqrt_high_x96 // sqrt_low_x96


def _clamped(tick: int) -> int:
    return min(max(tick, -ticks.MAX_TICK), ticks.MAX_TICK)
