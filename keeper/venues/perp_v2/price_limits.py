"""How far trades may move a market's pool (Exchange.sol)."""

from keeper.domain.fixed import RATIO, mul_div
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.price import SHORT_TWAP_SECONDS
from keeper.venues.perp_v2.state import Market, MarketReads

_DEFAULT_SPREAD_RATIO = 100_000
"""MarketRegistry._DEFAULT_MAX_MARKET_PRICE_SPREAD_RATIO."""


def reference_tick(market: Market, reads: MarketReads, now: int) -> int:
    """The tick that max_tick_crossed counts from: Exchange._isOverPriceLimitWithTick after settleFunding at `now`."""
    return reads.tick if now >= market.last_tick_at + SHORT_TWAP_SECONDS else market.last_tick


def spread_limit(market: Market) -> int:
    """How far the spot may be from the index after a trade; 1e6 is all of the index."""
    return market.max_spread_ratio or _DEFAULT_SPREAD_RATIO


def is_over_tick_limit(market: Market, reads: MarketReads, sqrt_price_after_x96: int, now: int) -> bool:
    """EX_OPLAS of Exchange.swap."""
    return abs(ticks.tick_at(sqrt_price_after_x96) - reference_tick(market, reads, now)) > market.max_tick_crossed


def is_over_price_band(market: Market, reads: MarketReads, sqrt_price_after_x96: int) -> bool:
    """EX_OPB of Exchange._swap: a spot already outside of the band may move towards the index only."""
    before, after = (_spread_ratio(price, reads.index_x18) for price in (reads.spot_x18, ticks.price_x18_of(sqrt_price_after_x96)))
    limit = spread_limit(market)
    return not min(before, -limit) <= after <= max(before, limit)


def _spread_ratio(spot_x18: int, index_x18: int) -> int:
    """Exchange._getPriceSpreadRatio."""
    return mul_div(spot_x18 - index_x18, RATIO, index_x18)
