"""The devnet is the real venue, alive, and a function of its seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.deploy import deploy
from contracts.devnet.deployment import Deployment
from contracts.devnet.devnet import Devnet
from contracts.devnet.rpc import Rpc
from contracts.devnet.views import account_views, mark_price_18

pytestmark = pytest.mark.fork


def _word(devnet: Devnet, to: str, signature: str, *arguments: object) -> int:
    word: int = returned(("int256",), devnet.rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest"))[0]
    return word


def test_marks_stand_at_the_start_prices(devnet: Devnet) -> None:
    for market in devnet.deployment.markets:
        assert mark_price_18(devnet.rpc, devnet.deployment, market.name) / 1e10 == pytest.approx(market.start_price_8, rel=0.002)


def test_everybody_has_what_was_drawn(devnet: Devnet) -> None:
    """Positions of the drawn size and side, orders, deposits; nobody is liquidatable yet."""
    core = devnet.deployment.core
    for trader in devnet.deployment.traders:
        for position in trader.positions:
            market = devnet.deployment.market(position.market)
            size = _word(devnet, core.account_balance, "getTakerPositionSize(address,address)", trader.address, market.base)
            expected = position.notional_usd * (1 if position.side == "long" else -1) if trader.style != "late" else 0
            assert size / 1e18 * market.start_price_8 / 1e8 == pytest.approx(expected, rel=0.02)
        for order in trader.orders:
            base = devnet.deployment.market(order.market).base
            data = calldata("getOpenOrderIds(address,address)", trader.address, base)
            answer = devnet.rpc.call("eth_call", {"to": core.order_book, "data": data}, "latest")
            assert len(returned(("bytes32[]",), answer)[0]) == len(trader.orders)
        for collateral in devnet.deployment.collaterals:
            balance = _word(devnet, core.vault, "getBalanceByToken(address,address)", trader.address, collateral.token)
            assert balance == (trader.collateral_amount if trader.collateral == collateral.name else 0)
    views = account_views(devnet.rpc, devnet.deployment, [trader.address for trader in devnet.deployment.traders])
    assert not [view for view in views.values() if view.liquidatable or view.collateral_liquidatable]


def test_leverage_is_as_drawn(devnet: Devnet) -> None:
    """Exposure over account value, by the venue's own numbers, within 6 % of the draw."""
    takers = [trader for trader in devnet.deployment.traders if trader.positions and trader.style != "late"]
    views = account_views(devnet.rpc, devnet.deployment, [trader.address for trader in takers])
    assert len(takers) > 10
    for trader in takers:
        view = views[trader.address]
        exposure = view.requirement_18 * 1_000_000 / 62_500
        assert exposure / view.account_value_18 == pytest.approx(trader.leverage_bps / 10_000, rel=0.06)


def test_the_keeper_is_ready(devnet: Devnet) -> None:
    """Its executor holds margin, belongs to somebody else than its operator, and the insurance fund can cover bad debt."""
    deployment = devnet.deployment
    assert _word(devnet, deployment.core.vault, "getFreeCollateral(address)", deployment.executor) == 4_000_000 * 10**6
    assert _word(devnet, deployment.executor, "owner()") == int(deployment.executor_owner, 16) != int(deployment.keeper, 16)
    assert _word(devnet, deployment.executor, "isOperator(address)", deployment.keeper) == 1
    assert _word(devnet, deployment.core.insurance_fund, "getInsuranceFundCapacity()") > 10**13


def test_the_same_seed_gives_the_same_chain(anvil: Callable[[AnvilOptions], Anvil]) -> None:
    """The hash of the last block covers every address, transaction, timestamp and storage slot before it."""
    heads = []
    for seed in (3, 3, 4):
        url = anvil(AnvilOptions(no_mining=True)).url
        deployment = deploy(url, seed, traders=8)
        with Rpc(url) as rpc:
            heads.append((rpc.call("eth_getBlockByNumber", "latest", False)["hash"], deployment))
    assert heads[0] == heads[1]
    assert heads[0][0] != heads[2][0]


def test_automatic_mining_comes_back(anvil: Callable[[AnvilOptions], Anvil]) -> None:
    url = anvil(AnvilOptions()).url
    deploy(url, 1, traders=0)
    with Rpc(url) as rpc:
        assert rpc.call("anvil_getAutomine") is True


def test_a_deployment_survives_its_file(devnet: Devnet, tmp_path: Path) -> None:
    path = tmp_path / "new" / "deployment.json"
    devnet.deployment.save(path)
    assert Deployment.load(path) == devnet.deployment
