"""The keeper's contract against the real venue: one transaction takes a position over, closes it and must have paid."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.deployment import Trader
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import PlanCall, execution, liquidate_and_close
from contracts.devnet.market import MarketDriver
from contracts.devnet.rpc import RpcError
from contracts.devnet.views import account_views

pytestmark = pytest.mark.fork
_EXECUTED = "0x" + keccak(text="Executed(int256)").hex()
_CALL_FAILED = "0x" + keccak(text="CallFailed(uint256,bytes)").hex()


def _victim(devnet: Devnet) -> Trader:
    """The market falls until a plain long is liquidatable."""
    deployment = devnet.deployment
    longs = [t for t in deployment.traders if t.style == "taker" and t.positions[0].side == "long"]
    with MarketDriver(devnet.url, deployment) as driver:
        for percent in range(97, 70, -3):
            for market in deployment.markets:
                driver.move(market.name, market.start_price_8 * percent // 100)
            views = account_views(devnet.rpc, deployment, [trader.address for trader in longs])
            for trader in longs:
                if views[trader.address].liquidatable:
                    return trader
    raise AssertionError("nobody became liquidatable")


def _plan(devnet: Devnet, trader: Trader) -> list[PlanCall]:
    return liquidate_and_close(devnet.deployment.core, trader.address, devnet.deployment.market(trader.positions[0].market).base)


def _fields(devnet: Devnet, plan: list[PlanCall], min_change_18: int) -> dict[str, str]:
    deployment = devnet.deployment
    return {"from": deployment.keeper, "to": deployment.executor, "data": execution(plan, min_change_18), "gas": hex(5_000_000)}


def _settle(devnet: Devnet, plan: list[PlanCall], min_change_18: int) -> Any:
    transaction = devnet.rpc.call("eth_sendTransaction", _fields(devnet, plan, min_change_18))
    devnet.rpc.call("evm_mine")
    return devnet.rpc.call("eth_getTransactionReceipt", transaction)


def _account_value_6(devnet: Devnet) -> int:
    deployment = devnet.deployment
    data = calldata("getAccountValue(address)", deployment.executor)
    answer = devnet.rpc.call("eth_call", {"to": deployment.core.vault, "data": data}, "latest")
    value: int = returned(("int256",), answer)[0]
    return value


def test_one_transaction_liquidates_closes_and_earns(devnet: Devnet) -> None:
    trader = _victim(devnet)
    before = _account_value_6(devnet)
    receipt = _settle(devnet, _plan(devnet, trader), min_change_18=1)
    assert receipt["status"] == "0x1"
    gain = _account_value_6(devnet) - before
    (event,) = [log for log in receipt["logs"] if log["topics"][0] == _EXECUTED]
    assert abs(int(event["data"], 16) - gain * 10**12) <= 10**12
    notional_6 = trader.positions[0].notional_usd * 10**6
    assert 0.001 < gain / (notional_6 / 2) < 0.0125
    deployment = devnet.deployment
    base = deployment.market(trader.positions[0].market).base
    question = calldata("getTakerPositionSize(address,address)", deployment.executor, base)
    assert int(devnet.rpc.call("eth_call", {"to": deployment.core.account_balance, "data": question}, "latest"), 16) == 0


def test_too_little_profit_undoes_everything(devnet: Devnet) -> None:
    """A guard one unit above the profit reverts with both numbers, and the victim keeps the position."""
    trader = _victim(devnet)
    minimum = 10**24
    with pytest.raises(RpcError) as raised:
        devnet.rpc.call("eth_call", _fields(devnet, _plan(devnet, trader), minimum), "latest")
    selector = keccak(text="ProfitTooLow(int256,int256)")[:4].hex()
    assert raised.value.data is not None
    assert raised.value.data.startswith("0x" + selector)
    change, least = returned(("int256", "int256"), "0x" + raised.value.data[10:])
    assert 0 < change < least == minimum
    assert _settle(devnet, _plan(devnet, trader), minimum)["status"] == "0x0"
    assert account_views(devnet.rpc, devnet.deployment, [trader.address])[trader.address].liquidatable


def test_the_venues_own_code_comes_through(devnet: Devnet) -> None:
    """A healthy account answers CH_EAV, unchanged, so that the keeper can name the reason."""
    healthy = next(trader for trader in devnet.deployment.traders if trader.style == "taker")
    with pytest.raises(RpcError) as raised:
        devnet.rpc.call("eth_call", _fields(devnet, _plan(devnet, healthy), 0), "latest")
    assert raised.value.data == "0x08c379a0" + encode(("string",), ("CH_EAV",)).hex()


def test_a_call_that_may_fail_leaves_an_event(devnet: Devnet) -> None:
    healthy = next(trader for trader in devnet.deployment.traders if trader.style == "taker")
    target, value, data, _ = _plan(devnet, healthy)[0]
    receipt = _settle(devnet, [(target, value, data, True)], min_change_18=0)
    assert receipt["status"] == "0x1"
    (event,) = [log for log in receipt["logs"] if log["topics"][0] == _CALL_FAILED]
    index, reason = returned(("uint256", "bytes"), event["data"])
    assert (index, reason[4:]) == (0, encode(("string",), ("CH_EAV",)))
