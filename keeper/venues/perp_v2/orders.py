"""What a maker's ranges hold at a price (OrderBook._getTotalTokenAmountInPool, LiquidityAmounts)."""

from collections.abc import Iterable

from keeper.domain.fixed import Q96
from keeper.venues.perp_v2.state import Order, Position

DUST = 10
"""AccountBalance._DUST: a smaller size counts as none."""


def base_for_liquidity(sqrt_low_x96: int, sqrt_high_x96: int, liquidity: int) -> int:
    """LiquidityAmounts.getAmount0ForLiquidity."""
    return (liquidity << 96) * (sqrt_high_x96 - sqrt_low_x96) // sqrt_high_x96 // sqrt_low_x96


def quote_for_liquidity(sqrt_low_x96: int, sqrt_high_x96: int, liquidity: int) -> int:
    """LiquidityAmounts.getAmount1ForLiquidity."""
    return liquidity * (sqrt_high_x96 - sqrt_low_x96) // Q96


def base_in_pool(orders: Iterable[Order], sqrt_price_x96: int) -> int:
    """Base the orders hold at this spot price."""
    return sum(
        base_for_liquidity(max(sqrt_price_x96, order.sqrt_lower_x96), order.sqrt_upper_x96, order.liquidity)
        for order in orders
        if sqrt_price_x96 < order.sqrt_upper_x96
    )


def quote_in_pool(orders: Iterable[Order], sqrt_price_x96: int) -> int:
    """Quote the orders hold at this spot price, without fees."""
    return sum(
        quote_for_liquidity(order.sqrt_lower_x96, min(sqrt_price_x96, order.sqrt_upper_x96), order.liquidity)
        for order in orders
        if sqrt_price_x96 > order.sqrt_lower_x96
    )


def total_size(position: Position, sqrt_price_x96: int) -> int:
    """AccountBalance.getTotalPositionSize: taker and maker part together, + long."""
    size = position.size
    if position.orders:
        size += base_in_pool(position.orders.values(), sqrt_price_x96) - position.base_debt
    return 0 if abs(size) < DUST else size


def net_quote(position: Position, sqrt_price_x96: int) -> int:
    """The position's part of AccountBalance._getNetQuoteBalanceAndPendingFee, without the fee."""
    if not position.orders:
        return position.open_notional
    return position.open_notional + quote_in_pool(position.orders.values(), sqrt_price_x96) - position.quote_debt
