"""The venue calls of people who trade: an account, collateral, orders and their settlement."""

from __future__ import annotations

from contracts.devnet.calldata import calldata
from contracts.devnet.chain import Chain, Transaction
from contracts.devnet.deployment import Position
from contracts.devnet.roles import OWNER
from contracts.devnet.synthetix_v3.deployment import Contracts, Market, Synth, SynthetixDeployment, Trader

MAX_UINT = 2**256 - 1
_E18 = 10**18
_COMMIT = "commitOrder((uint128,uint128,int128,uint128,uint256,bytes32,address))"
_STRATEGY = 0
_NO_CODE = bytes(32)
_NOBODY = "0x" + "00" * 20
_COLLATERAL_GAS = 1_200_000
_COMMIT_GAS = 1_800_000
_SETTLE_GAS = 2_400_000


def open_account(chain: Chain, deployment: SynthetixDeployment, trader: Trader) -> None:
    """Queues an account, and allowances for whatever will be deposited."""
    market = deployment.contracts.perps_market
    chain.send(trader.address, market, "createAccount(uint128)", trader.account_id)
    for token in (deployment.contracts.snx_usd, *(synth.token for synth in deployment.synths)):
        chain.send(trader.address, token, "approve(address,uint256)", market, MAX_UINT)


def mint_usd(chain: Chain, contracts: Contracts, holder: str, amount_18: int) -> None:
    """Queues snxUSD out of nothing."""
    chain.send(OWNER, contracts.core, "mintUsd(address,uint256)", holder, amount_18)


def mint_synth(chain: Chain, contracts: Contracts, synth: Synth, holder: str, amount_18: int) -> None:
    """Queues a synth out of nothing."""
    chain.send(OWNER, contracts.spot_market, "mint(uint128,address,uint256)", synth.collateral_id, holder, amount_18)


def modify_collateral(contracts: Contracts, trader: Trader, collateral_id: int, delta_18: int) -> Transaction:
    """Deposits what the trader has and has allowed, or withdraws."""
    data = calldata("modifyCollateral(uint128,uint128,int256)", trader.account_id, collateral_id, delta_18)
    note = f"{'deposit' if delta_18 > 0 else 'withdrawal'} of collateral {collateral_id} by {trader.account_id}"
    return Transaction(trader.address, contracts.perps_market, data, _COLLATERAL_GAS, note)


def pay_debt(contracts: Contracts, trader: Trader, amount_18: int) -> Transaction:
    """Pays with snxUSD the trader has and has allowed."""
    data = calldata("payDebt(uint128,uint256)", trader.account_id, amount_18)
    return Transaction(trader.address, contracts.perps_market, data, _COLLATERAL_GAS, f"debt paid by {trader.account_id}")


def commit_order(contracts: Contracts, trader: Trader, market: Market, size_delta_18: int, limit_18: int | None = None) -> Transaction:
    """Commits an order for `size_delta_18` of the base asset at any price, or at `limit_18` or better."""
    anything_18 = MAX_UINT if size_delta_18 > 0 else 0
    order = (market.market_id, trader.account_id, size_delta_18, _STRATEGY)
    terms = (anything_18 if limit_18 is None else limit_18, _NO_CODE, _NOBODY)
    note = f"order of {size_delta_18 / _E18:.4f} {market.name} by {trader.account_id}"
    return Transaction(trader.address, contracts.perps_market, calldata(_COMMIT, (*order, *terms)), _COMMIT_GAS, note)


def settle_order(contracts: Contracts, sender: str, account_id: int) -> Transaction:
    """Settles whatever order the account has; the sender earns the reward."""
    data = calldata("settleOrder(uint128)", account_id)
    return Transaction(sender, contracts.perps_market, data, _SETTLE_GAS, f"settlement for {account_id}")


def cancel_order(contracts: Contracts, sender: str, account_id: int) -> Transaction:
    """Takes an order away that cannot be filled at its price; the sender earns the reward."""
    data = calldata("cancelOrder(uint128)", account_id)
    return Transaction(sender, contracts.perps_market, data, _SETTLE_GAS, f"cancellation for {account_id}")


def size_of(position: Position, price_8: int) -> int:
    """A position's signed size at a price, 18 decimals."""
    size_18 = position.notional_usd * _E18 * 10**8 // price_8
    return size_18 if position.side == "long" else -size_18
