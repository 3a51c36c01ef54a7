"""The first hours of the devnet: the drawn traders deposit, open and give liquidity, the arbitrageur keeps order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.devnet.arbitrage import arbitrage, pool_price_8
from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Deployment, Trader
from contracts.devnet.trading import add_order, deposit, open_position

_BLOCK_SECONDS = 15
"""As long as the mark's short TWAP, so that each group trades at an undisturbed mark."""
_GROUP = 10
_DEPOSIT_GROUP = 60
_ETHER = 10**18


def open_all(chain: Chain, deployment: Deployment, traders: Sequence[Trader]) -> None:
    """Everybody deposits; who is not late opens. In groups, and the pools are brought back to index between them."""
    chain.rpc.batch([("anvil_setBalance", [trader.address, hex(100 * _ETHER)]) for trader in traders])
    for group in _groups(traders, _DEPOSIT_GROUP):
        for trader in group:
            _deposit(chain, deployment, trader)
        chain.mine(chain.now + _BLOCK_SECONDS)
    early = [trader for trader in traders if trader.style != "late"]
    for group in _groups(early, _GROUP):
        for trader in group:
            _open(chain, deployment, trader)
        chain.mine(chain.now + _BLOCK_SECONDS)
        for market in deployment.markets:
            trade = arbitrage(deployment, market, pool_price_8(chain, market), market.start_price_8)
            if trade is not None:
                chain.queue(trade)
        chain.mine(chain.now + 1)


def _deposit(chain: Chain, deployment: Deployment, trader: Trader) -> None:
    deposit(chain, deployment.core, trader.address, deployment.usdc, trader.deposit_6)
    for collateral in deployment.collaterals:
        if collateral.name == trader.collateral:
            deposit(chain, deployment.core, trader.address, collateral.token, trader.collateral_amount)


def _open(chain: Chain, deployment: Deployment, trader: Trader) -> None:
    for position in trader.positions:
        chain.queue(open_position(deployment.core, deployment.market(position.market), trader.address, position))
    for order in trader.orders:
        chain.queue(add_order(deployment.core, deployment.market(order.market), trader.address, order))


def _groups(traders: Sequence[Trader], size: int) -> Iterator[Sequence[Trader]]:
    for start in range(0, len(traders), size):
        yield traders[start : start + size]
