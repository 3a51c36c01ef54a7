"""What an arbitrageur does: trade a pool to its index, as far as the venue's price limits let him in one step."""

from __future__ import annotations

from contracts.devnet.chain import TIP, Chain
from contracts.devnet.deployment import Deployment, Market
from contracts.devnet.pricing import price_8, sqrt_price_x96
from contracts.devnet.trading import trade_to

_BPS = 10_000
_TOLERANCE_BPS = 12
"""Below the fee and a little: nobody trades for less."""
_STEP_BPS = 800
"""The venue refuses more than 1,000 ticks from the tick of 15 s ago (EX_OPLAS)."""


def pool_price_8(chain: Chain, market: Market) -> int:
    """The pool's spot price at the newest block, 8 decimals."""
    types = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
    return price_8(chain.view(market.pool, "slot0()", types)[0])


def queue_arbitrage(chain: Chain, deployment: Deployment, market: Market, index_8: int, tip: int = TIP) -> bool:
    """Queues the trade that brings the pool to `index_8`, or 8 % towards it; False if there is nothing to earn."""
    spot_8 = pool_price_8(chain, market)
    if abs(spot_8 - index_8) * _BPS <= index_8 * _TOLERANCE_BPS:
        return False
    low, high = spot_8 * (_BPS - _STEP_BPS) // _BPS, spot_8 * (_BPS + _STEP_BPS) // _BPS
    limit_x96 = sqrt_price_x96(min(max(index_8, low), high))
    sell = spot_8 > index_8
    trade_to(chain, deployment.core, market, deployment.arbitrageur, sell=sell, limit_x96=limit_x96, tip=tip)
    return True
