"""Ticks, square-root prices and prices, rounded as TickMath (v3-core) and PerpMath (curie) round them."""

import math

from keeper.domain.fixed import Q96, X18, div_trunc

MAX_TICK = 887272
MIN_SQRT_PRICE_X96 = 4_295_128_739
"""TickMath.MIN_SQRT_RATIO: no pool's price falls below."""
_FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)
"""1 / sqrt(1.0001) ** (2 ** bit) in Q128, one per bit of |tick| (TickMath.getSqrtRatioAtTick)."""
_HALF_LOG_BASE = math.log(1.0001) / 2


def sqrt_price_at(tick: int) -> int:
    """TickMath.getSqrtRatioAtTick: sqrt(1.0001 ** tick) in Q96. Raises ValueError beyond +-887272."""
    magnitude = abs(tick)
    if magnitude > MAX_TICK:
        raise ValueError(f"tick out of range: {tick}")
    ratio = 1 << 128
    for bit, factor in enumerate(_FACTORS):
        if magnitude >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = ((1 << 256) - 1) // ratio
    return (ratio >> 32) + (1 if ratio & 0xFFFFFFFF else 0)


def tick_at(sqrt_price_x96: int) -> int:
    """TickMath.getTickAtSqrtRatio: the greatest tick whose sqrt price is not above this one."""
    tick = min(max(math.floor(math.log(sqrt_price_x96 / Q96) / _HALF_LOG_BASE), -MAX_TICK), MAX_TICK)
    while sqrt_price_at(tick) > sqrt_price_x96:
        tick -= 1
    while tick < MAX_TICK and sqrt_price_at(tick + 1) <= sqrt_price_x96:
        tick += 1
    return tick


def price_at(tick: int) -> float:
    """1.0001 ** tick, quote per base, for people and the lake: prices of two ticks compare as the ticks do. The lake's migration computes
    the same (migrations/0010_pools_funds_flows.sql)."""
    price: float = 1.0001**tick
    return price


def price_x96_of(sqrt_price_x96: int) -> int:
    """PerpMath.formatSqrtPriceX96ToPriceX96."""
    return sqrt_price_x96 * sqrt_price_x96 // Q96


def x96_to_x18(value_x96: int) -> int:
    """PerpMath.formatX96ToX10_18."""
    return value_x96 * X18 // Q96


def x18_to_x96(value_x18: int) -> int:
    """PerpMath.formatX10_18ToX96."""
    return value_x18 * Q96 // X18


def price_x18_of(sqrt_price_x96: int) -> int:
    """The price in 18 decimals, floored twice as the contracts do."""
    return x96_to_x18(price_x96_of(sqrt_price_x96))


def sqrt_price_of(price_x18: int) -> int:
    """The square root of a price in Q96, floored. Not a contract's function: for bounds and limits."""
    return math.isqrt(price_x18 * Q96 * Q96 // X18)


def mean_tick(cumulative_before: int, cumulative_after: int, seconds: int) -> int:
    """The tick of a TWAP (UniswapV3Broker.getSqrtMarketTwapX96From): truncated towards zero."""
    return div_trunc(cumulative_after - cumulative_before, seconds)


def tick_of_price_x18(price_x18: int) -> int | None:
    """The tick whose price in 18 decimals is exactly this, or None. Inverts what FundingUpdated does to a TWAP's tick."""
    if price_x18 <= 0:
        return None
    guess = round(math.log(price_x18 / X18) / (2 * _HALF_LOG_BASE))
    for tick in (guess, guess - 1, guess + 1):
        if abs(tick) <= MAX_TICK and price_x18_of(sqrt_price_at(tick)) == price_x18:
            return tick
    return None
