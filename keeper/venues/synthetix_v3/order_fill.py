"""What an order is filled at and costs (AsyncOrder.sol). 18 decimals."""

from keeper.domain.fixed import X18
from keeper.venues.synthetix_v3.decimal_math import div_decimal, mul_decimal
from keeper.venues.synthetix_v3.state import Market


def fill_price(market: Market, size_delta: int, price: int) -> int:
    """AsyncOrder.calculateFillPrice: the mean of the prices at the skew before and after."""
    scale = market.configuration.skew_scale
    if scale == 0:
        return price
    before, after = (price + mul_decimal(price, div_decimal(skew, scale)) for skew in (market.skew, market.skew + size_delta))
    return div_decimal(before + after, 2 * X18)


def order_fee(market: Market, size_delta: int, fill: int) -> int:
    """AsyncOrder.calculateOrderFee: what reduces the skew pays the maker's fee, what increases it the taker's; USD >= 0."""
    configuration, skew_after = market.configuration, market.skew + size_delta
    if _is_same_side(skew_after, market.skew):
        notional = mul_decimal(size_delta, fill)
        ratio = configuration.taker_fee if _is_same_side(notional, market.skew) else configuration.maker_fee
        return abs(mul_decimal(notional, ratio))
    maker_fee = mul_decimal(mul_decimal(abs(market.skew), fill), configuration.maker_fee)
    return maker_fee + mul_decimal(mul_decimal(abs(skew_after), fill), configuration.taker_fee)


def _is_same_side(left: int, right: int) -> bool:
    """MathUtil.sameSide: zero is on both."""
    return left == 0 or right == 0 or (left > 0) == (right > 0)
