"""What a thief may do with exchanges: seized collateral is sold while its pool stands as low as he can hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from contracts.devnet.calldata import calldata
from contracts.devnet.chain import TIP, Chain
from contracts.devnet.deployment import Collateral, Deployment
from contracts.devnet.executor import PlanCall
from contracts.devnet.spot import MAX_SALE_USD, trade_spot

_STOCK_USD = 500_000
"""Of each collateral in the executor's wallet."""
_DEPTHS_BPS = (9_800, 9_890, 9_900, 9_905, 9_910, 9_920, 9_930)
"""Of the oracle's price: the first are below what an exchange takes."""


def stock(chain: Chain, deployment: Deployment) -> None:
    """Collateral in the executor's wallet, as after many purchases."""
    for collateral in deployment.collaterals:
        amount = _amount(deployment, collateral, _STOCK_USD)
        chain.send(deployment.owner, collateral.token, "mint(address,uint256)", deployment.executor, amount)
    chain.mine(chain.now + 1)


def sandwich(chain: Chain, deployment: Deployment, execute: Callable[[Sequence[PlanCall]], None]) -> None:
    """He moves the pool down, has the executor sell, and brings the pool back; what he keeps is what the executor lacks. `execute` makes a
    plan of calls."""
    prices = deployment.start_prices_8()
    for collateral, spot in zip(deployment.collaterals, deployment.spot_pools, strict=True):
        price_8 = prices[collateral.follows]
        for bps in (*_DEPTHS_BPS, 10_000):
            target_8 = price_8 * bps // 10_000
            trade_spot(chain, deployment.pool_trader, deployment.usdc, collateral, spot.pool, target_8, tip=TIP)
            chain.produce(chain.now + 1)
            if bps < 10_000:
                execute(list(_sale(collateral.token, spot.exchange, _amount(deployment, collateral, MAX_SALE_USD))))


def _sale(token: str, exchange: str, amount: int) -> Iterator[PlanCall]:
    for target, data in (
        (token, calldata("approve(address,uint256)", exchange, amount)),
        (exchange, calldata("sell(uint256)", amount)),
    ):
        yield (target, 0, bytes.fromhex(data[2:]), False)


def _amount(deployment: Deployment, collateral: Collateral, usd: int) -> int:
    price_8: int = deployment.start_prices_8()[collateral.follows]
    amount: int = usd * 10 ** (8 + collateral.decimals) // price_8
    return amount
