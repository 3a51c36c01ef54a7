"""A crowd that one fall of the prices brings down together: all long, and so alike in leverage that no price lies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from contracts.devnet.deployment import Position, Trader
from contracts.devnet.paths import PriceMove
from contracts.devnet.traders import Scene, notional_usd, trader_address, with_positions

_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS = 95_000, 99_000
_FALL_BPS = 550
"""Leaves 5.1 to 5.6 % of equity: below the venue's 6.25 %, and enough that half of a position taken over mends the other half."""
_BPS = 10_000


def draw_crowd(seed: int, count: int, scene: Scene) -> tuple[Trader, ...]:
    """`count` takers, one position each, in the markets by turns; sizes as in draw_traders."""
    return tuple(_draw(seed, index, scene) for index in range(count))


def fall(start_8: Mapping[str, int]) -> Sequence[PriceMove]:
    """All prices at once, by as much as breaches the whole crowd when the mark has followed."""
    return tuple(PriceMove(0, market, price_8 * (_BPS - _FALL_BPS) // _BPS) for market, price_8 in start_8.items())


def _draw(seed: int, index: int, scene: Scene) -> Trader:
    random = Random(f"crowd {seed}/{index}")
    markets = tuple(scene.prices_8)
    blank = Trader(trader_address(seed, index), "taker", random.randint(_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS), 0)
    return with_positions(blank, (Position(markets[index % len(markets)], "long", notional_usd(random)),))
