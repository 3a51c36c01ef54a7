"""The first minutes of a Synthetix V3 devnet: the drawn traders get accounts, deposit and open their positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.devnet.chain import Chain
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.roles import SETTLER
from contracts.devnet.synthetix_v3.deployment import SNX_USD, Market, SynthetixDeployment, Trader
from contracts.devnet.synthetix_v3.prices import bring_benchmark, publish, push
from contracts.devnet.synthetix_v3.trading import (
    commit_order,
    mint_synth,
    mint_usd,
    modify_collateral,
    open_account,
    settle_order,
    size_of,
)

_BLOCK_SECONDS = 2
_GROUP = 20
"""As many orders as surely fit into one block, so that all of a group are committed in the same second."""
_FEW = 5
"""Debtors at a time: more would raise the premium of each other by more than their margin."""
_RESERVE = 2
"""Everybody has as much again as is deposited at first, for later."""
_DIP_BPS = 9_000
_BPS = 10_000
_ETHER = 10**18
_TIP = 2_000_000_000


@dataclass(frozen=True, slots=True)
class _Order:
    trader: Trader
    market: Market
    size_delta_18: int


def open_all(chain: Chain, deployment: SynthetixDeployment, pythnet: Pythnet, traders: Sequence[Trader]) -> None:
    """Everybody deposits; debtors make their debts; then everybody else opens one market after the other, at the start prices."""
    chain.rpc.batch([("anvil_setBalance", [trader.address, hex(100 * _ETHER)]) for trader in traders])
    for trader in traders:
        _mint(chain, deployment, trader)
    chain.mine(chain.now + _BLOCK_SECONDS)
    for trader in traders:
        _deposit(chain, deployment, trader)
    chain.mine(chain.now + _BLOCK_SECONDS)
    debtors = [trader for trader in traders if trader.style == "debtor"]
    for start in range(0, len(debtors), _FEW):
        _leave_debts(chain, deployment, pythnet, debtors[start : start + _FEW])
    others = [trader for trader in traders if trader.style != "debtor"]
    for rank in range(len(deployment.markets)):
        orders = [_opening(deployment, trader, rank) for trader in others if len(trader.positions) > rank]
        _trade(chain, deployment, pythnet, orders, deployment.start_prices_8())


def _mint(chain: Chain, deployment: SynthetixDeployment, trader: Trader) -> None:
    if trader.deposit_18:
        mint_usd(chain, deployment.contracts, trader.address, _RESERVE * trader.deposit_18)
    if trader.synth_18:
        mint_synth(chain, deployment.contracts, deployment.synths[0], trader.address, _RESERVE * trader.synth_18)


def _deposit(chain: Chain, deployment: SynthetixDeployment, trader: Trader) -> None:
    open_account(chain, deployment, trader)
    if trader.deposit_18:
        chain.queue(modify_collateral(deployment.contracts, trader, SNX_USD, trader.deposit_18))
    if trader.synth_18:
        chain.queue(modify_collateral(deployment.contracts, trader, deployment.synths[0].collateral_id, trader.synth_18))


def _opening(deployment: SynthetixDeployment, trader: Trader, rank: int) -> _Order:
    position = trader.positions[rank]
    market = deployment.market(position.market)
    return _Order(trader, market, size_of(position, market.start_price_8))


def _leave_debts(chain: Chain, deployment: SynthetixDeployment, pythnet: Pythnet, debtors: Sequence[Trader]) -> None:
    """They open, their market dips, they close, and it is back: before anybody else, so that little premium is in their debt."""
    openings = [_opening(deployment, trader, 0) for trader in debtors]
    closings = [_Order(order.trader, order.market, -order.size_delta_18) for order in openings]
    start_8 = deployment.start_prices_8()
    dip_8 = {**start_8, **{order.market.name: order.market.start_price_8 * _DIP_BPS // _BPS for order in openings}}
    _trade(chain, deployment, pythnet, openings, start_8)
    _move(chain, deployment, pythnet, dip_8)
    _trade(chain, deployment, pythnet, closings, dip_8)
    _move(chain, deployment, pythnet, start_8)


def _move(chain: Chain, deployment: SynthetixDeployment, pythnet: Pythnet, prices_8: Mapping[str, int]) -> None:
    """These prices, at Pyth and on the chain."""
    timestamp = chain.now + _BLOCK_SECONDS
    publish(pythnet, deployment.markets, prices_8, timestamp)
    chain.queue(push(pythnet, deployment.contracts.pyth, SETTLER, deployment.markets, _TIP))
    chain.mine(timestamp)


def _trade(chain: Chain, deployment: SynthetixDeployment, pythnet: Pythnet, orders: Sequence[_Order], prices_8: Mapping[str, int]) -> None:
    """In groups, each committed in one block and settled, at these prices, in the first in which it may be."""
    contracts = deployment.contracts
    delay = max(max(market.settlement_delay, market.price_delay) for market in deployment.markets)
    for start in range(0, len(orders), _GROUP):
        group = orders[start : start + _GROUP]
        for order in group:
            chain.queue(commit_order(contracts, order.trader, order.market, order.size_delta_18))
        commitment = chain.now + _BLOCK_SECONDS
        chain.mine(commitment)
        publish(pythnet, deployment.markets, prices_8, commitment + delay)
        for market in deployment.markets:
            transaction = bring_benchmark(pythnet, contracts.pyth, SETTLER, market, commitment + market.price_delay, _TIP)
            assert transaction is not None, "a price has just been published"
            chain.queue(transaction)
        for order in group:
            chain.queue(settle_order(contracts, SETTLER, order.trader.account_id))
        chain.mine(commitment + delay)
