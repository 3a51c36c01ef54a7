"""A Uniswap V3 pool within one range, as an exchange of the tests sells in it: integers and roundings of SqrtPriceMath and SwapMath."""

from dataclasses import dataclass, replace
from math import isqrt

from keeper.domain.chain import Address
from keeper.domain.exchange import Exchange, ExchangePrice
from keeper.domain.fixed import Q96, RATIO
from keeper.domain.inventory import Targets
from keeper.domain.money import ZERO_USD, Usd18

USDC, LOW, HIGH = (Address("0x" + digits * 20) for digits in ("80", "10", "f0"))
"""The token sold is the pool's first with the low address, its second with the high one."""
EXCHANGE = Exchange(
    address=Address("0x" + "ee" * 20),
    executor=Address("0x" + "bb" * 20),
    token=LOW,
    proceeds_token=USDC,
    pool=Address("0x" + "99" * 20),
    max_sale_raw=25_000 * 10**6,
    max_slippage_ppm=10_000,
    pool_fee_ppm=500,
    decimals=18,
    symbol="WETH",
)
SECOND = replace(EXCHANGE, token=HIGH)


@dataclass(frozen=True, slots=True)
class Pool:
    """`sqrt_price_x96` as slot0 has it."""

    exchange: Exchange
    sqrt_price_x96: int
    liquidity: int

    @classmethod
    def at(cls, exchange: Exchange, unit_worth_raw: int, depth_raw: int) -> "Pool":
        """At a price of one whole token in proceeds token units; `depth_raw` of these move it by 1 %."""
        quote, base = (unit_worth_raw, exchange.unit) if exchange.is_first else (exchange.unit, unit_worth_raw)
        sqrt_x96 = isqrt((quote << 192) // base)
        liquidity = (200 * depth_raw << 96) // sqrt_x96 if exchange.is_first else (200 * depth_raw * sqrt_x96) >> 96
        return cls(exchange, sqrt_x96, liquidity)

    def price(self, unit_worth_raw: int) -> ExchangePrice:
        """With what the oracle says."""
        return ExchangePrice(unit_worth_raw, self.sqrt_price_x96, self.liquidity)

    def sell(self, amount_raw: int) -> tuple[int, "Pool"]:
        """Proceeds, and the pool afterwards."""
        amount, present, liquidity = amount_raw * (RATIO - self.exchange.pool_fee_ppm) // RATIO, self.sqrt_price_x96, self.liquidity
        if self.exchange.is_first:
            last = -(-(liquidity * Q96 * present) // (liquidity * Q96 + amount * present))
            return liquidity * (present - last) // Q96, replace(self, sqrt_price_x96=last)
        last = present + amount * Q96 // liquidity
        return liquidity * Q96 * (last - present) // last // present, replace(self, sqrt_price_x96=last)


def targets(*, margin: int, floor: int, step: int = 100, sale: int = 10_000, slippage_ppm: int = 5_000) -> Targets:
    """Of whole USD; no token is kept."""
    usd = Usd18.of_units
    return Targets(usd(margin), usd(floor), ZERO_USD, usd(step), usd(sale), slippage_ppm)
