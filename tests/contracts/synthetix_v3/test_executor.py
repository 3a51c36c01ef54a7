"""The keeper's contract on Synthetix V3: one transaction brings the price, pays its fee, liquidates and must have earned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.executor import EXECUTE, PlanCall
from contracts.devnet.rpc import RpcError
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.executor import VENUE
from contracts.devnet.synthetix_v3.prices import price_id_of
from contracts.devnet.synthetix_v3.views import snx_usd_balance_18
from tests.contracts.synthetix_v3.bench import Bench

pytestmark = pytest.mark.fork
_E18 = 10**18


@pytest.fixture
def bench(synthetix_devnet: SynthetixDevnet) -> Iterator[Bench]:
    """With an account that is liquidatable at a price only Pyth knows, while the chain's is too old."""
    with Bench(synthetix_devnet) as bench:
        bench.open_account(usd_18=3_500 * _E18)
        bench.trade("ETH", 4 * _E18)
        bench.mine(120)
        bench.publish({"ETH": 1_640 * 10**8}, bench.chain.now)
        yield bench


def _push(bench: Bench, value: int) -> PlanCall:
    market = bench.devnet.deployment.market("ETH")
    data = calldata("updatePriceFeeds(bytes[])", [bench.devnet.pythnet.update([price_id_of(market)])])
    return (bench.contracts.pyth, value, bytes.fromhex(data[2:]), False)


def _liquidation(bench: Bench) -> PlanCall:
    data = calldata("liquidate(uint128)", bench.trader.account_id)
    return (bench.contracts.perps_market, 0, bytes.fromhex(data[2:]), False)


def _call(bench: Bench, calls: list[PlanCall], least_18: int) -> dict[str, Any]:
    deployment = bench.devnet.deployment
    data = calldata(EXECUTE, VENUE, calls, least_18)
    return {"from": deployment.keeper, "to": deployment.executor, "data": data, "gas": hex(5_000_000)}


def test_one_transaction_brings_the_price_liquidates_and_earns(bench: Bench) -> None:
    deployment, rpc = bench.devnet.deployment, bench.devnet.rpc
    transaction = rpc.call("eth_sendTransaction", _call(bench, [_push(bench, 1), _liquidation(bench)], 1))
    bench.mine(1)
    receipt = rpc.call("eth_getTransactionReceipt", transaction)
    assert receipt["status"] == "0x1"
    gain_18 = snx_usd_balance_18(rpc, deployment, deployment.executor)
    (event,) = [log for log in receipt["logs"] if log["topics"][0] == "0x" + keccak(text="Executed(int256)").hex()]
    assert int(event["data"], 16) == gain_18 > _E18
    assert int(rpc.call("eth_getBalance", deployment.executor, "latest"), 16) == 10**18 - 1


@pytest.mark.parametrize(
    ("value", "with_push", "reason"),
    [(2, True, "ValueRefused(address,uint256,uint256)"), (0, True, "InsufficientFee()"), (0, False, "Errors(bytes[])")],
    ids=["a wei too many", "no fee", "no price"],
)
def test_less_or_more_than_that_is_refused(bench: Bench, value: int, with_push: bool, reason: str) -> None:
    calls = [*([_push(bench, value)] if with_push else []), _liquidation(bench)]
    with pytest.raises(RpcError) as raised:
        bench.devnet.rpc.call("eth_call", _call(bench, calls, 1), "latest")
    assert raised.value.data is not None
    assert raised.value.data.startswith("0x" + keccak(text=reason)[:4].hex())


def test_it_is_worth_its_snx_usd(bench: Bench) -> None:
    deployment, rpc = bench.devnet.deployment, bench.devnet.rpc
    for account in (deployment.executor, bench.trader.address, deployment.settler):
        call = {"to": deployment.valuer, "data": calldata("valuation(address)", account)}
        worth = returned(("int256", "int256", "uint256"), rpc.call("eth_call", call, "latest"))
        assert worth == (snx_usd_balance_18(rpc, deployment, account), 0, 0)
