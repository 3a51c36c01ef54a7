"""What the keeper owns on Perp V2, read from the chain and nowhere else."""

from __future__ import annotations

from contracts.demo.assets import Assets, Prices
from contracts.devnet import Deployment
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import Rpc

_6_TO_18 = 10**12


def assets_of(rpc: Rpc, deployment: Deployment) -> Assets:
    """At the newest block: the executor's account value in the venue (Vault.getAccountValue) and its USDC, its tokens, and the
    operator's gas coin."""
    venue_6 = _number(rpc, deployment.core.vault, "getAccountValue(address)", deployment.executor, kind="int256")
    usdc_6 = _number(rpc, deployment.usdc, "balanceOf(address)", deployment.executor)
    return Assets(
        settlement_18=(venue_6 + usdc_6) * _6_TO_18,
        tokens={item.token.lower(): _number(rpc, item.token, "balanceOf(address)", deployment.executor) for item in deployment.collaterals},
        wei=int(rpc.call("eth_getBalance", deployment.keeper, "latest"), 16),
    )


def prices_of(rpc: Rpc, deployment: Deployment) -> Prices:
    """The newest price of every collateral token and of the gas coin."""
    return Prices(
        decimals={item.token.lower(): item.decimals for item in deployment.collaterals},
        tokens_8={item.token.lower(): _latest(rpc, item.price.aggregator) for item in deployment.collaterals},
        gas_8=_latest(rpc, deployment.market("ETH").aggregator),
    )


def _number(rpc: Rpc, to: str, signature: str, *arguments: object, kind: str = "uint256") -> int:
    answer = rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest")
    number: int = returned((kind,), answer)[0]
    return number


def _latest(rpc: Rpc, aggregator: str) -> int:
    answer = rpc.call("eth_call", {"to": aggregator, "data": calldata("latestRoundData()")}, "latest")
    price: int = returned(("uint80", "int256", "uint256", "uint256", "uint80"), answer)[1]
    return price
