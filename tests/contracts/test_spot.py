"""Collateral has a market of its own on the devnet, whose price follows the oracle's, and the executor's exchange sells there."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Collateral
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import PlanCall, execution
from contracts.devnet.market import MarketDriver
from contracts.devnet.spot import MAX_SALE_USD, MAX_SLIPPAGE_PPM, spot_sqrt_x96

pytestmark = pytest.mark.fork

_SLOT0 = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")


def _view(devnet: Devnet, to: str, signature: str, types: tuple[str, ...], *arguments: object) -> tuple[Any, ...]:
    return returned(types, devnet.rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest"))


def _off(devnet: Devnet, place: int, price_8: int) -> float:
    """How far the pool's price is from this one, as a part of it."""
    deployment = devnet.deployment
    present = _view(devnet, deployment.spot_pools[place].pool, "slot0()", _SLOT0)[0]
    target = spot_sqrt_x96(deployment.usdc, deployment.collaterals[place], price_8)
    return abs(float(present) / target - 1) * 2


def test_pools_stand_at_the_start_prices(devnet: Devnet) -> None:
    prices = devnet.deployment.start_prices_8()
    for place, collateral in enumerate(devnet.deployment.collaterals):
        assert _off(devnet, place, prices[collateral.follows]) < 1e-6


def test_pools_follow_the_oracle(devnet: Devnet) -> None:
    price = devnet.deployment.market("ETH").start_price_8
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.step({"ETH": price * 91 // 100}, driver.head_time() + 6)
    for place, collateral in enumerate(devnet.deployment.collaterals):
        own = price * 91 // 100 if collateral.follows == "ETH" else devnet.deployment.market(collateral.follows).start_price_8
        assert _off(devnet, place, own) < 1e-6


def _sale(collateral: Collateral, exchange: str, amount: int) -> list[PlanCall]:
    approval, sale = calldata("approve(address,uint256)", exchange, amount), calldata("sell(uint256)", amount)
    return [(collateral.token, 0, bytes.fromhex(approval[2:]), False), (exchange, 0, bytes.fromhex(sale[2:]), False)]


@pytest.mark.parametrize("place", [0, 1])
def test_the_operator_sells_through_the_exchange(devnet: Devnet, place: int) -> None:
    """At the oracle's price less the fee and a little; the executor has what came, and nobody else anything."""
    deployment, collateral = devnet.deployment, devnet.deployment.collaterals[place]
    devnet.rpc.call("anvil_autoImpersonateAccount", True)
    chain = Chain.at_head(devnet.rpc)
    price_8 = deployment.start_prices_8()[collateral.follows]
    amount = 20_000 * 10 ** (8 + collateral.decimals) // price_8
    chain.send(deployment.owner, collateral.token, "mint(address,uint256)", deployment.executor, amount)
    chain.mine(chain.now + 1)
    data = execution(_sale(collateral, deployment.spot_pools[place].exchange, amount), -200 * 10**18)
    devnet.rpc.call("eth_sendTransaction", {"from": deployment.keeper, "to": deployment.executor, "data": data, "gas": hex(1_500_000)})
    devnet.rpc.call("evm_mine")
    assert _view(devnet, collateral.token, "balanceOf(address)", ("uint256",), deployment.executor) == (0,)
    proceeds = _view(devnet, deployment.usdc, "balanceOf(address)", ("uint256",), deployment.executor)[0]
    assert 19_960 * 10**6 < proceeds < 20_000 * 10**6
    for holder in (deployment.spot_pools[place].exchange, deployment.keeper):
        assert _view(devnet, deployment.usdc, "balanceOf(address)", ("uint256",), holder) == (0,)


def test_its_bounds_are_the_owners(devnet: Devnet) -> None:
    deployment = devnet.deployment
    for collateral, spot in zip(deployment.collaterals, deployment.spot_pools, strict=True):
        assert _view(devnet, spot.exchange, "maxSale()", ("uint256",)) == (MAX_SALE_USD * 10**6,)
        assert _view(devnet, spot.exchange, "maxSlippage()", ("uint256",)) == (MAX_SLIPPAGE_PPM,)
        for view, answer in (("executor()", deployment.executor), ("token()", collateral.token), ("pool()", spot.pool)):
            assert _view(devnet, spot.exchange, view, ("address",))[0].lower() == answer.lower()
