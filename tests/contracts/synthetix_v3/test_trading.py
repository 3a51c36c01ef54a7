"""Deposits, orders and their settlement on the real market."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from contracts.devnet.calldata import returned
from contracts.devnet.synthetix_v3.deployment import SNX_USD
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.trading import cancel_order
from contracts.devnet.synthetix_v3.views import position_size_18, snx_usd_balance_18
from tests.contracts.synthetix_v3.bench import Bench

pytestmark = pytest.mark.fork
_E18 = 10**18
_SETTLE = "settleOrder(uint128)"
_SETTLED = "OrderSettled(uint128,uint128,uint256,int256,int256,int128,int128,uint256,uint256,uint256,uint256,bytes32,address)"
_ETH = 100


@pytest.fixture
def bench(synthetix_devnet: SynthetixDevnet) -> Iterator[Bench]:
    with Bench(synthetix_devnet) as bench:
        yield bench


def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def _settlers_balance_18(bench: Bench) -> int:
    return snx_usd_balance_18(bench.devnet.rpc, bench.devnet.deployment, bench.devnet.deployment.settler)


def test_a_synth_counts_with_its_haircut(bench: Bench) -> None:
    """Amount over skew scale, between 1 and 10 %: here 20 of 500."""
    bench.open_account(usd_18=1_000 * _E18, synth_18=20 * _E18)
    assert bench.view.available_margin_18 == 1_000 * _E18 + 20 * 2_500 * _E18 * 96 // 100


def test_an_order_is_filled_at_the_first_price_after_its_delay(bench: Bench) -> None:
    """Not at the one on the chain: the market has moved since, at Pyth, and the skew adds its premium."""
    bench.open_account(usd_18=5_000 * _E18)
    (skew_18,) = bench.ask("skew(uint128)", ("int256",), _ETH)
    commitment = bench.commit("ETH", _E18)
    bench.publish({"ETH": 2_510 * 10**8}, commitment + 2)
    bench.bring_benchmark("ETH", commitment)
    bench.mine()
    balance_18 = _settlers_balance_18(bench)
    receipt = bench.send(bench.devnet.deployment.settler, _SETTLE, bench.trader.account_id)
    (log,) = receipt.events("0x" + keccak(text=_SETTLED).hex())
    (fill_18,) = returned(("uint256",), log["data"])
    premium = (skew_18 + _E18 / 2) / (15_000 * _E18)
    assert fill_18 / 1e18 == pytest.approx(2_510 * (1 + premium), rel=1e-9)
    assert position_size_18(bench.devnet.rpc, bench.devnet.deployment, bench.trader.account_id, _ETH) == _E18
    assert _settlers_balance_18(bench) - balance_18 == 45 * 10**16


def test_an_order_waits_for_its_price(bench: Bench) -> None:
    """Before its delay the window is not open; then Pyth's price is demanded; after the window it has expired."""
    bench.open_account(usd_18=5_000 * _E18)
    account, settler = bench.trader.account_id, bench.devnet.deployment.settler
    commitment = bench.commit("ETH", _E18)
    early = encode(("uint256", "uint256"), (commitment + 1, commitment + 2))
    assert bench.refusal(settler, _SETTLE, account, seconds=1) == _selector("SettlementWindowNotOpen(uint256,uint256)") + early
    demand = bench.refusal(settler, _SETTLE, account, seconds=2)
    assert demand[:4] == _selector("OracleDataRequired(address,bytes)")
    assert int(returned(("address", "bytes"), "0x" + demand[4:].hex())[0], 16) == int(bench.contracts.pyth, 16)
    late = bench.refusal(settler, _SETTLE, account, seconds=63)
    assert late[:4] == _selector("SettlementWindowExpired(uint256,uint256,uint256)")


def test_an_order_beyond_its_limit_is_cancelled_for_the_reward(bench: Bench) -> None:
    bench.open_account(usd_18=5_000 * _E18)
    settler, account = bench.devnet.deployment.settler, bench.trader.account_id
    commitment = bench.commit("ETH", _E18, limit_18=2_000 * _E18)
    bench.publish({}, commitment + 2)
    bench.bring_benchmark("ETH", commitment)
    bench.mine()
    assert bench.refusal(settler, _SETTLE, account)[:4] == _selector("AcceptablePriceExceeded(uint256,uint256)")
    balance_18 = _settlers_balance_18(bench)
    bench.chain.queue(cancel_order(bench.contracts, settler, account))
    bench.mine()
    assert _settlers_balance_18(bench) - balance_18 == 4 * 10**17
    assert bench.ask("getCollateralAmount(uint128,uint128)", ("uint256",), account, SNX_USD) == (5_000 * _E18 - 4 * 10**17,)


def test_only_whom_the_owner_lets_may_touch_an_account(bench: Bench) -> None:
    bench.open_account(usd_18=1_000 * _E18)
    stranger, account = bench.devnet.deployment.keeper, bench.trader.account_id
    withdrawal = ("modifyCollateral(uint128,uint128,int256)", account, SNX_USD, -_E18)
    permission = b"PERPS_MODIFY_COLLATERAL".ljust(32, b"\0")
    reason = encode(("uint128", "bytes32", "address"), (account, permission, stranger))
    assert bench.refusal(stranger, *withdrawal) == _selector("PermissionDenied(uint128,bytes32,address)") + reason
    bench.send(bench.trader.address, "grantPermission(uint128,bytes32,address)", account, permission, stranger)
    bench.send(stranger, *withdrawal)
    assert snx_usd_balance_18(bench.devnet.rpc, bench.devnet.deployment, stranger) == _E18
