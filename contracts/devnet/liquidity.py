"""The well-funded people of the devnet: base maker, arbitrageur, insurance fund."""

from __future__ import annotations

from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Core, Deployment, Market, Order
from contracts.devnet.pricing import Range, liquidity_for_depth
from contracts.devnet.roles import ARBITRAGEUR, BASE_MAKER, OWNER
from contracts.devnet.trading import add_order, deposit

_RICH_6 = 500_000_000 * 10**6
_FUND_6 = 20_000_000 * 10**6
_BPS = 10_000
# USD of quote that moves the price by 1 %, for 120 traders; and the ranges it is spread over, in parts of the price.
# The widest carries the market anywhere, the narrow one is what makes small trades cheap.
_DEPTH_USD = 600_000
_LAYERS = ((3_000, 30_000, 50), (6_000, 16_000, 35), (9_000, 11_000, 15))
_TRADERS_PER_DEPTH = 120


def fund_actors(chain: Chain, core: Core, usdc: str) -> None:
    """Gives the base maker and the arbitrageur margin they cannot lose, and the insurance fund its capital."""
    chain.send(OWNER, usdc, "mint(address,uint256)", core.insurance_fund, _FUND_6)
    for actor in (BASE_MAKER, ARBITRAGEUR):
        deposit(chain, core, actor, usdc, _RICH_6)


def provide_liquidity(chain: Chain, deployment: Deployment, traders: int) -> None:
    """Base liquidity in every market, deeper where there are more traders to carry."""
    depth_usd = _DEPTH_USD * max(traders, _TRADERS_PER_DEPTH) // _TRADERS_PER_DEPTH
    for market in deployment.markets:
        for low_bps, high_bps, share in _LAYERS:
            order = _layer(market, low_bps, high_bps, depth_usd * share // 100)
            chain.queue(add_order(deployment.core, market, BASE_MAKER, order))


def _layer(market: Market, low_bps: int, high_bps: int, depth_usd: int) -> Order:
    price_8 = market.start_price_8
    span = Range.between(price_8 * low_bps // _BPS, price_8 * high_bps // _BPS)
    base, quote = span.amounts(liquidity_for_depth(depth_usd, price_8), price_8)
    return Order(market.name, span.lower, span.upper, base, quote)
