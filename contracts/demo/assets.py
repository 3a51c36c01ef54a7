"""What the keeper owns, read from the chain and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.devnet import Deployment
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import Rpc

_PRICE_SCALE = 10**8


@dataclass(frozen=True, slots=True)
class Assets:
    """The executor's account value in the venue and its tokens, and the operator's gas coin; raw units of each.

    `venue_6` is Vault.getAccountValue (USDC, 6 decimals), `usdc_6` the executor's own USDC, `tokens` other tokens by address."""

    venue_6: int
    usdc_6: int
    tokens: Mapping[str, int]
    wei: int


@dataclass(frozen=True, slots=True)
class Worth:
    """A change of assets in USD, by kind."""

    settlement_usd: float
    tokens_usd: float
    gas_usd: float

    @property
    def total_usd(self) -> float:
        """Everything together; `gas_usd` is what was spent."""
        return self.settlement_usd + self.tokens_usd - self.gas_usd


def assets_of(rpc: Rpc, deployment: Deployment) -> Assets:
    """At the newest block."""
    return Assets(
        venue_6=_number(rpc, deployment.core.vault, "getAccountValue(address)", deployment.executor, kind="int256"),
        usdc_6=_number(rpc, deployment.usdc, "balanceOf(address)", deployment.executor),
        tokens={item.token.lower(): _number(rpc, item.token, "balanceOf(address)", deployment.executor) for item in deployment.collaterals},
        wei=int(rpc.call("eth_getBalance", deployment.keeper, "latest"), 16),
    )


def prices_8(rpc: Rpc, deployment: Deployment) -> Mapping[str, int]:
    """The newest price of every collateral token by (lower-case) address, and of the gas coin under "gas": 8 decimals."""
    prices = {item.token.lower(): _latest(rpc, item.price.aggregator) for item in deployment.collaterals}
    return prices | {"gas": _latest(rpc, deployment.market("ETH").aggregator)}


def change(deployment: Deployment, before: Assets, after: Assets, prices: Mapping[str, int]) -> Worth:
    """What became of the assets between two readings, at one set of prices."""
    decimals = token_decimals(deployment)
    differences = {token: after.tokens[token] - before.tokens[token] for token in after.tokens}
    return Worth(
        settlement_usd=(after.venue_6 + after.usdc_6 - before.venue_6 - before.usdc_6) / 10**6,
        tokens_usd=sum(token_usd(amount, decimals[token], prices[token]) for token, amount in differences.items()),
        gas_usd=token_usd(before.wei - after.wei, 18, prices["gas"]),
    )


def token_decimals(deployment: Deployment) -> Mapping[str, int]:
    """Decimals of every collateral token by (lower-case) address, as the lake spells it."""
    return {item.token.lower(): item.decimals for item in deployment.collaterals}


def token_usd(raw: int, decimals: int, price_8: int) -> float:
    """A raw amount in USD."""
    scale: int = 10**decimals * _PRICE_SCALE
    return raw * price_8 / scale


def _number(rpc: Rpc, to: str, signature: str, *arguments: object, kind: str = "uint256") -> int:
    answer = rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest")
    number: int = returned((kind,), answer)[0]
    return number


def _latest(rpc: Rpc, aggregator: str) -> int:
    answer = rpc.call("eth_call", {"to": aggregator, "data": calldata("latestRoundData()")}, "latest")
    price: int = returned(("uint80", "int256", "uint256", "uint256", "uint80"), answer)[1]
    return price
