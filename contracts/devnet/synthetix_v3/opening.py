"""The first minutes of a Synthetix V3 devnet: the drawn traders get accounts, deposit and open their positions."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.devnet.chain import Chain
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.roles import SETTLER
from contracts.devnet.synthetix_v3.deployment import SNX_USD, SynthetixDeployment, Trader
from contracts.devnet.synthetix_v3.prices import bring_benchmark, publish
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
_RESERVE = 2
"""Everybody has as much again as is deposited at first, for later."""
_ETHER = 10**18
_TIP = 2_000_000_000


def open_all(chain: Chain, deployment: SynthetixDeployment, pythnet: Pythnet, traders: Sequence[Trader]) -> None:
    """Everybody deposits, then opens one market after the other, at the start prices."""
    chain.rpc.batch([("anvil_setBalance", [trader.address, hex(100 * _ETHER)]) for trader in traders])
    for trader in traders:
        _mint(chain, deployment, trader)
    chain.mine(chain.now + _BLOCK_SECONDS)
    for trader in traders:
        _deposit(chain, deployment, trader)
    chain.mine(chain.now + _BLOCK_SECONDS)
    for rank in range(len(deployment.markets)):
        opening = [trader for trader in traders if len(trader.positions) > rank]
        for start in range(0, len(opening), _GROUP):
            _open(chain, deployment, pythnet, opening[start : start + _GROUP], rank)


def _mint(chain: Chain, deployment: SynthetixDeployment, trader: Trader) -> None:
    mint_usd(chain, deployment.contracts, trader.address, _RESERVE * trader.deposit_18)
    if trader.synth_18:
        mint_synth(chain, deployment.contracts, deployment.synths[0], trader.address, _RESERVE * trader.synth_18)


def _deposit(chain: Chain, deployment: SynthetixDeployment, trader: Trader) -> None:
    open_account(chain, deployment, trader)
    chain.queue(modify_collateral(deployment.contracts, trader, SNX_USD, trader.deposit_18))
    if trader.synth_18:
        chain.queue(modify_collateral(deployment.contracts, trader, deployment.synths[0].collateral_id, trader.synth_18))


def _open(chain: Chain, deployment: SynthetixDeployment, pythnet: Pythnet, traders: Sequence[Trader], rank: int) -> None:
    """The `rank`th position of each: committed in one block, settled in the first in which it may be."""
    contracts = deployment.contracts
    for trader in traders:
        position = trader.positions[rank]
        market = deployment.market(position.market)
        chain.queue(commit_order(contracts, trader, market, size_of(position, market.start_price_8)))
    commitment = chain.now + _BLOCK_SECONDS
    chain.mine(commitment)
    settlement = commitment + max(max(market.settlement_delay, market.price_delay) for market in deployment.markets)
    publish(pythnet, deployment.markets, deployment.start_prices_8(), settlement)
    for market in deployment.markets:
        transaction = bring_benchmark(pythnet, contracts.pyth, SETTLER, market, commitment + market.price_delay, _TIP)
        assert transaction is not None, "a price has just been published"
        chain.queue(transaction)
    for trader in traders:
        chain.queue(settle_order(contracts, SETTLER, trader.account_id))
    chain.mine(settlement)
