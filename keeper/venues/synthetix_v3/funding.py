"""Funding of a market (PerpsMarket.sol): the rate moves with the skew, the value is what one base unit has been paid since the start.

A second computation within a block changes nothing: no time has passed."""

from dataclasses import replace

from keeper.domain.fixed import X18
from keeper.venues.synthetix_v3.decimal_math import div_decimal, mul_decimal
from keeper.venues.synthetix_v3.state import Market

_DAY_SECONDS = 86_400


def funding_velocity(market: Market) -> int:
    """PerpsMarket.currentFundingVelocity: by how much the rate changes per day."""
    configuration = market.configuration
    if configuration.skew_scale == 0:
        return 0
    proportional_skew = max(-X18, min(X18, div_decimal(market.skew, configuration.skew_scale)))
    return mul_decimal(proportional_skew, configuration.max_funding_velocity)


def funding_rate(market: Market, now: int) -> int:
    """PerpsMarket.currentFundingRate, per day."""
    return market.last_funding_rate + mul_decimal(funding_velocity(market), _days(market, now))


def next_funding(market: Market, price: int, now: int) -> int:
    """PerpsMarket.calculateNextFunding: USD per base unit."""
    return market.last_funding_value + _unrecorded(market, funding_rate(market, now), price, now)


def recomputed(market: Market, price: int, now: int) -> Market:
    """PerpsMarket.recomputeFunding, before skew or size change."""
    rate = funding_rate(market, now)
    value = market.last_funding_value + _unrecorded(market, rate, price, now)
    return replace(market, last_funding_rate=rate, last_funding_value=value, last_funding_time=now)


def _unrecorded(market: Market, rate: int, price: int, now: int) -> int:
    """PerpsMarket.unrecordedFunding: against the skew, at the mean of both rates."""
    mean_rate = -div_decimal(market.last_funding_rate + rate, 2 * X18)
    return mul_decimal(mul_decimal(mean_rate, _days(market, now)), price)


def _days(market: Market, now: int) -> int:
    """PerpsMarket.proportionalElapsed."""
    return div_decimal(now - market.last_funding_time, _DAY_SECONDS)
