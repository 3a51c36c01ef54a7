"""The price positions are valued and liquidated at (AccountBalance._getMarkPrice and _getReferencePrice), to the wei."""

from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.read_events import MarketRead
from keeper.venues.perp_v2.state import Status

SHORT_TWAP_SECONDS = 15
"""The mark's short TWAP; a constant of the contract."""
SPOT_BELOW_SECONDS = 10
"""UniswapV3Broker.getSqrtMarketTwapX96: a shorter TWAP is the spot price."""


def median_of_three(first: int, second: int, third: int) -> int:
    """PerpMath.findMedianOfThree."""
    return max(min(first, second), min(max(first, second), third))


def mark_price(read: MarketRead) -> int | None:
    """AccountBalance.getMarkPrice, X18; None where the contract reverts."""
    if not all((read.short_twap_x96, read.long_twap_x96, read.premium_twap_x96, read.index_x18, read.premium_index_x18)):
        return None
    premium = ticks.price_x18_of(read.premium_twap_x96) - read.premium_index_x18
    index_with_premium = read.index_x18 + premium
    if index_with_premium < 0:
        return None
    return median_of_three(ticks.price_x18_of(read.short_twap_x96), ticks.price_x18_of(read.long_twap_x96), index_with_premium)


def reference_price(read: MarketRead) -> int | None:
    """AccountBalance._getReferencePrice: the mark while open, else the price the market stopped at; X18."""
    return mark_price(read) if read.status == Status.OPEN else read.stopped_price_x18 or None
