"""How much of a market may be liquidated in its window (PerpsMarket.maxLiquidatableAmount, PerpsMarketConfiguration). Base units."""

from collections.abc import Iterable
from dataclasses import replace

from keeper.venues.synthetix_v3.decimal_math import div_decimal, mul_decimal
from keeper.venues.synthetix_v3.state import Liquidation, Market, MarketConfiguration


def window_amount(configuration: MarketConfiguration) -> int:
    """PerpsMarketConfiguration.maxLiquidationAmountInWindow; 0 means without limit."""
    per_second = mul_decimal(
        mul_decimal(configuration.maker_fee + configuration.taker_fee, configuration.skew_scale), configuration.max_liquidation_multiplier
    )
    return per_second * configuration.max_liquidation_seconds


def windows(configuration: MarketConfiguration, size: int) -> int:
    """PerpsMarketConfiguration.numberOfLiquidationWindows of a position."""
    amount = window_amount(configuration)
    return -(-abs(size) // amount) if amount else 0


def capacity(market: Market, now: int) -> int:
    """PerpsMarket.currentLiquidationCapacity."""
    amount = window_amount(market.configuration)
    return max(0, amount - sum(one.amount for one in _in_window(market, now)))


def liquidatable(market: Market, size: int, now: int, earlier: int, sender: str) -> int:
    """PerpsMarket.maxLiquidatableAmount of a position for `sender`, after `earlier` was taken in the same block. Where the window is used
    up, one more step is allowed in another block while the skew is small."""
    configuration = market.configuration
    amount = window_amount(configuration)
    if sender == configuration.endorsed_liquidator or amount == 0:
        return abs(size)
    room = capacity(market, now) - earlier
    if room > 0:
        return min(room, abs(size))
    newest = market.liquidations[-1].timestamp if market.liquidations else 0
    return min(amount, abs(size)) if _is_calm(market) and newest != now and not earlier else 0


def largest_step(market: Market, size: int) -> int:
    """The most that one call takes of a position, in whichever block: the later, the more of the window is free."""
    amount = window_amount(market.configuration)
    return min(amount, abs(size)) if amount else abs(size)


def free_at(market: Market, now: int) -> int:
    """From which block time on the market allows something again; `now` where it has capacity."""
    if capacity(market, now) == 0 and _is_calm(market):
        return now + 1
    amount, seconds = window_amount(market.configuration), market.configuration.max_liquidation_seconds
    entries = tuple(_in_window(market, now))
    total = sum(one.amount for one in entries)
    for one in entries:
        if total < amount:
            break
        total, now = total - one.amount, one.timestamp + seconds
    return now


def with_liquidation(market: Market, amount: int, now: int) -> Market:
    """PerpsMarket._updateLiquidationData. What has left the window is forgotten, except the newest: the contract asks for its time."""
    if window_amount(market.configuration) == 0:
        return market
    before = tuple(_in_window(market, now))
    newest = market.liquidations[-1] if market.liquidations else None
    if newest is not None and newest.timestamp == now:
        return replace(market, liquidations=(*before[:-1], Liquidation(now, newest.amount + amount)))
    return replace(market, liquidations=(*before, Liquidation(now, amount)))


def _is_calm(market: Market) -> bool:
    configuration = market.configuration
    if configuration.max_liquidation_pd == 0 or configuration.skew_scale == 0:
        return False
    return div_decimal(abs(market.skew), configuration.skew_scale) < configuration.max_liquidation_pd


def _in_window(market: Market, now: int) -> Iterable[Liquidation]:
    start = now - market.configuration.max_liquidation_seconds
    return (one for one in market.liquidations if one.timestamp > start)
