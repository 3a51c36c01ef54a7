"""What an arbitrageur does: trade a pool to its index, as far as the venue's price limits let him in one step."""

from __future__ import annotations

from contracts.devnet.chain import Chain, Transaction
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


def arbitrage(deployment: Deployment, market: Market, spot_8: int, target_8: int) -> Transaction | None:
    """The trade that brings the pool from `spot_8` to `target_8`, or 8 % towards it; None if there is nothing to earn."""
    if abs(spot_8 - target_8) * _BPS <= target_8 * _TOLERANCE_BPS:
        return None
    low, high = spot_8 * (_BPS - _STEP_BPS) // _BPS, spot_8 * (_BPS + _STEP_BPS) // _BPS
    limit_x96 = sqrt_price_x96(min(max(target_8, low), high))
    return trade_to(deployment.core, market, deployment.arbitrageur, sell=spot_8 > target_8, limit_x96=limit_x96)
