"""Funding: the global growth per market and what a position owes of it (Exchange._getFundingGrowthGlobalAndTwaps, Funding.sol).

Growth is rebuilt exactly from FundingUpdated although its market TWAP is rounded to 18 decimals: a TWAP is the price at an integer
tick, and the tick can be told from the rounded price."""

from keeper.domain.fixed import Q96, div_trunc, mul_div, mul_ratio
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.price import SPOT_BELOW_SECONDS
from keeper.venues.perp_v2.state import Market, Status

PERIOD_SECONDS = 86_400
"""Funding._DEFAULT_FUNDING_PERIOD."""


def premium_x96(market_twap_x96: int, index_x18: int, max_funding_rate: int) -> int:
    """Exchange._getDeltaTwapX96: market less index TWAP in Q96, clamped to the maximum rate of the index."""
    index_x96 = ticks.x18_to_x96(index_x18)
    limit = mul_ratio(index_x96, max_funding_rate)
    return max(-limit, min(limit, market_twap_x96 - index_x96))


def payment(base_balance: int, growth_x96: int, last_growth_x96: int) -> int:
    """Funding.calcPendingFundingPaymentWithLiquidityCoefficient without orders: X18, > 0 the trader pays."""
    return div_trunc(mul_div(base_balance, growth_x96 - last_growth_x96, Q96), PERIOD_SECONDS)


def twap_interval(market: Market, configured: int, now: int) -> int:
    """Seconds of the funding TWAPs at `now`: shorter while the market is young, 0 before its first trade."""
    return min(configured, now - market.first_traded_at) if market.first_traded_at else 0


def clock(market: Market, now: int) -> int:
    """The time funding counts to: it stands still once a market is paused."""
    return now if market.status == Status.OPEN else market.stopped_at


def market_twap_x96(market: Market, reported_x18: int, interval: int) -> int:
    """The market TWAP in Q96 behind FundingUpdated's rounded one. Short of a recognised tick (only in a market's first seconds, and
    before its first trade) the spot, and failing that the rounded figure itself, wrong by at most 1e-18."""
    if interval < SPOT_BELOW_SECONDS and market.sqrt_price_x96 and ticks.price_x18_of(market.sqrt_price_x96) == reported_x18:
        return ticks.price_x96_of(market.sqrt_price_x96)
    tick = ticks.tick_of_price_x18(reported_x18)
    return ticks.x18_to_x96(reported_x18) if tick is None else ticks.price_x96_of(ticks.sqrt_price_at(tick))


def growth_at(market: Market, premium: int, now: int) -> int:
    """The global growth at `now` (Q96): the stored one when just settled or never settled."""
    if market.settled_at == 0:
        return market.growth_x96
    return market.growth_x96 + premium * (clock(market, now) - market.settled_at)
