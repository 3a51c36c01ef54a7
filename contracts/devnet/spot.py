"""Where collateral is traded for USDC: a real Uniswap V3 pool per collateral, whose price follows the oracle's, and the keeper's own
contract that sells there."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import constructor
from contracts.devnet.chain import CREATE_GAS, TRADE_GAS, Chain
from contracts.devnet.deployment import Collateral, Core, SpotPool
from contracts.devnet.protocol import pool_address
from contracts.devnet.roles import OWNER

_POOL_FEE = 500
_LAST_TICK = 887_270
"""The ends of the whole range, in ticks that a pool with this fee can use."""
_DEPTH_USD = 1_000_000
"""USD that move a pool by 1 %."""
_USDC_DECIMALS = 6
MAX_SALE_USD = 25_000
MAX_SLIPPAGE_PPM = 10_000
_MAX_AGE = 864_000
"""As the venue's own feeds have it: a devnet's prices stand still for as long as nobody moves them."""


def open_spot_pools(chain: Chain, core: Core, usdc: str, collaterals: Sequence[Collateral], prices_8: Sequence[int]) -> str:
    """Queues a pool per collateral at its price, with liquidity over all prices; returns the trader that gives it."""
    trader = chain.create(OWNER, bytecode("devnet", "TestPoolTrader"), "TestPoolTrader")
    for collateral, price_8 in zip(collaterals, prices_8, strict=True):
        pair = (usdc, collateral.token, _POOL_FEE)
        chain.send(OWNER, core.uniswap_factory, "createPool(address,address,uint24)", *pair, gas=CREATE_GAS)
        pool = spot_pool_address(core, usdc, collateral)
        sqrt_x96 = spot_sqrt_x96(usdc, collateral, price_8)
        chain.send(OWNER, pool, "initialize(uint160)", sqrt_x96)
        liquidity = _liquidity(sqrt_x96, usdc_first=_usdc_first(usdc, collateral))
        chain.send(OWNER, trader, "provide(address,int24,int24,uint128)", pool, -_LAST_TICK, _LAST_TICK, liquidity, gas=TRADE_GAS)
    return trader


def place_exchanges(
    chain: Chain, core: Core, usdc: str, executor: str, collaterals: Sequence[Collateral], owner: str
) -> tuple[SpotPool, ...]:
    """Queues the creation of what sells each collateral of the executor, by its owner."""
    return tuple(_place_exchange(chain, owner, executor, item, spot_pool_address(core, usdc, item)) for item in collaterals)


def trade_spot(chain: Chain, trader: str, usdc: str, collateral: Collateral, pool: str, price_8: int, *, tip: int) -> None:
    """Queues the trade after which the pool's price is this one."""
    sqrt_x96 = spot_sqrt_x96(usdc, collateral, price_8)
    chain.send(OWNER, trader, "trade(address,uint160)", pool, sqrt_x96, tip=tip)


def spot_pool_address(core: Core, usdc: str, collateral: Collateral) -> str:
    """Where the pool of a collateral is."""
    first, second = sorted((usdc, collateral.token), key=lambda token: int(token, 16))
    return pool_address(core.uniswap_factory, first, second, _POOL_FEE)


def spot_sqrt_x96(usdc: str, collateral: Collateral, price_8: int) -> int:
    """A price in USD (8 decimals) as the pool has it: of its first token in its second, both in raw units."""
    quote, base = price_8 * 10**_USDC_DECIMALS, 10 ** (8 + collateral.decimals)
    numerator, denominator = (base, quote) if _usdc_first(usdc, collateral) else (quote, base)
    return isqrt((numerator << 192) // denominator)


def _place_exchange(chain: Chain, owner: str, executor: str, collateral: Collateral, pool: str) -> SpotPool:
    types = ("address", "address", "address", "address", "uint256", "uint256", "uint256")
    terms = (MAX_SALE_USD * 10**_USDC_DECIMALS, MAX_SLIPPAGE_PPM, _MAX_AGE)
    arguments = (executor, pool, collateral.token, collateral.price.aggregator, *terms)
    code = constructor(bytecode("keeper", "UniswapV3Exchange"), types, *arguments)
    return SpotPool(collateral.token, pool, chain.create(owner, code, f"exchange of {collateral.name}"))


def _usdc_first(usdc: str, collateral: Collateral) -> bool:
    return int(usdc, 16) < int(collateral.token, 16)


def _liquidity(sqrt_x96: int, *, usdc_first: bool) -> int:
    """At which `_DEPTH_USD` move the price by 1 %: the square root moves by a 200th of itself."""
    depth_6: int = 200 * _DEPTH_USD * 10**_USDC_DECIMALS
    return (depth_6 * sqrt_x96) >> 96 if usdc_first else (depth_6 << 96) // sqrt_x96
