"""Prices as Uniswap V3 has them. Prices in and out are integers with 8 decimals, as the aggregators give them.

Base and quote both have 18 decimals, so the pool's price is the plain price. Source: Uniswap V3 core, TickMath.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from math import floor, isqrt

TICK_SPACING = 200
"""Of pools with a fee of 1 %, the only ones Perp V2 uses."""
_Q96 = 1 << 96
_E8 = 10**8
_E18 = 10**18


def sqrt_price_x96(price_8: int) -> int:
    """sqrt(price)·2^96, floor."""
    return isqrt((price_8 << 192) // _E8)


def price_8(sqrt_x96: int) -> int:
    """Price with 8 decimals, floor."""
    return (sqrt_x96 * sqrt_x96 * _E8) >> 192


def tick_at(price_8: int) -> int:
    """The tick a price lies in, rounded down to a usable one."""
    with localcontext(prec=40):
        tick = (Decimal(price_8) / _E8).ln() / Decimal("1.0001").ln()
        return floor(tick / TICK_SPACING) * TICK_SPACING


@dataclass(frozen=True, slots=True)
class Range:
    """A liquidity range, in usable ticks."""

    lower: int
    upper: int

    @classmethod
    def between(cls, low_8: int, high_8: int) -> Range:
        """The usable ticks around two prices; at least one spacing wide."""
        lower = tick_at(low_8)
        return cls(lower, max(tick_at(high_8), lower + TICK_SPACING))

    def amounts(self, liquidity: int, price_8: int) -> tuple[int, int]:
        """Base and quote (18 decimals) that `liquidity` holds at a price. Source: LiquidityAmounts."""
        low, high = _sqrt_at(self.lower), _sqrt_at(self.upper)
        current = min(max(sqrt_price_x96(price_8), low), high)
        base = (liquidity * _Q96 * (high - current)) // (high * current)
        return base, liquidity * (current - low) // _Q96


def liquidity_for_depth(depth_usd: int, price_8: int) -> int:
    """Liquidity at which `depth_usd` of quote moves the price by 1 %: depth = L·sqrt(P)·(sqrt(1.01) − 1)."""
    with localcontext(prec=40):
        step = Decimal("1.01").sqrt() - 1
        return int(Decimal(depth_usd) * _E18 / (step * (Decimal(price_8) / _E8).sqrt()))


def _sqrt_at(tick: int) -> int:
    with localcontext(prec=60):
        return int((Decimal("1.0001") ** tick).sqrt() * _Q96)
