"""Blocks of a Synthetix V3 devnet: a path at Pyth, some of it on the chain, people who trade."""

from __future__ import annotations

import pytest

from contracts.devnet import PATHS, PlayedBlock, play_path
from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.market import Habits, SynthetixDriver
from contracts.devnet.synthetix_v3.order import pending_orders
from contracts.devnet.synthetix_v3.views import account_views

pytestmark = pytest.mark.fork


def _play(devnet: SynthetixDevnet, path_name: str, habits: Habits, tail_seconds: int = 60) -> list[PlayedBlock]:
    start_8 = devnet.deployment.start_prices_8()
    path = PATHS[path_name](start_8, 7)
    blocks: list[PlayedBlock] = []
    with SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet, habits) as driver:
        play_path(driver, start_8, path, block_seconds=2, wall_interval=0, on_block=blocks.append, tail_seconds=tail_seconds)
    return blocks


def _index_8(devnet: SynthetixDevnet, market_id: int) -> int:
    call = {"to": devnet.deployment.contracts.perps_market, "data": calldata("indexPrice(uint128)", market_id)}
    price_18: int = returned(("uint256",), devnet.rpc.call("eth_call", call, "latest"))[0]
    return price_18 // 10**10


def test_a_crash_with_trading_fails_nobody_and_leaves_people_to_liquidate(synthetix_devnet: SynthetixDevnet) -> None:
    blocks = _play(synthetix_devnet, "crash", Habits(push_every=3))
    assert [failure for block in blocks for failure in block.failures] == []
    deployment = synthetix_devnet.deployment
    views = account_views(synthetix_devnet.rpc, deployment, [trader.account_id for trader in deployment.traders])
    assert [account for account, view in views.items() if view.liquidatable]
    head = synthetix_devnet.rpc.call("eth_blockNumber")
    flow = {"address": deployment.contracts.perps_market, "fromBlock": hex(blocks[0].number), "toBlock": head}
    logs = synthetix_devnet.rpc.call("eth_getLogs", flow)
    assert len({log["transactionHash"] for log in logs}) > 20


def test_the_chain_has_what_was_pushed_and_pyth_the_newest(synthetix_devnet: SynthetixDevnet) -> None:
    blocks = _play(synthetix_devnet, "crash", Habits(push_every=0, trading=False), tail_seconds=4)
    market = synthetix_devnet.deployment.market("ETH")
    newest = synthetix_devnet.pythnet.newest
    assert newest is not None
    assert newest.messages[bytes.fromhex(market.price_id[2:])].price_raw == blocks[-1].index_8["ETH"]
    assert _index_8(synthetix_devnet, market.market_id) == market.start_price_8
    with SynthetixDriver(synthetix_devnet.url, synthetix_devnet.deployment, synthetix_devnet.pythnet) as driver:
        driver.queue_push()
        driver.step({}, driver.head_time() + 2)
    assert _index_8(synthetix_devnet, market.market_id) == blocks[-1].index_8["ETH"]


def test_the_same_seed_trades_the_same(synthetix_devnet: SynthetixDevnet) -> None:
    hashes = []
    for _ in range(2):
        snapshot = synthetix_devnet.rpc.call("evm_snapshot")
        pythnet = Pythnet(synthetix_devnet.pythnet.guardian)
        with SynthetixDriver(synthetix_devnet.url, synthetix_devnet.deployment, pythnet) as driver:
            for _ in range(12):
                driver.step({}, driver.head_time() + 2, BASE_FEE)
        hashes.append(synthetix_devnet.rpc.call("eth_getBlockByNumber", "latest", False)["hash"])
        assert synthetix_devnet.rpc.call("evm_revert", snapshot)
    assert hashes[0] == hashes[1]


def test_orders_do_not_stay_pending(synthetix_devnet: SynthetixDevnet) -> None:
    """Everything that was committed is settled, cancelled, or expires within its window of a minute."""
    with SynthetixDriver(synthetix_devnet.url, synthetix_devnet.deployment, synthetix_devnet.pythnet) as driver:
        for _ in range(20):
            driver.step({}, driver.head_time() + 2)
        time = driver.head_time()
    orders = pending_orders(synthetix_devnet.rpc, synthetix_devnet.deployment)
    assert not [order for order in orders if order.commitment_time < time - 10 and not order.expired_at(time)]
