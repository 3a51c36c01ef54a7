"""Prices move as a path says: index, then pool, then mark; and people trade on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from threading import Event

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.deploy import deploy
from contracts.devnet.devnet import Devnet
from contracts.devnet.market import MarketDriver
from contracts.devnet.paths import PATHS
from contracts.devnet.play import PlayedBlock, play
from contracts.devnet.rpc import Rpc
from contracts.devnet.views import account_views, mark_price_18

pytestmark = pytest.mark.fork
_BLOCK_SECONDS = 6


@pytest.mark.parametrize("change_bps", [-300, 250, -1_500])
def test_a_move_takes_index_pool_and_mark_along(devnet: Devnet, change_bps: int) -> None:
    start_8 = devnet.deployment.market("ETH").start_price_8
    target_8 = start_8 * (10_000 + change_bps) // 10_000
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.move("ETH", target_8)
        quotes = driver.quotes()
    assert quotes["ETH"].index_8 == target_8
    assert quotes["ETH"].spot_8 == pytest.approx(target_8, rel=0.002)
    assert quotes["BTC"].index_8 == devnet.deployment.market("BTC").start_price_8
    # The longest of the three TWAPs lags by half an hour, so the median may stand a little off the market.
    assert mark_price_18(devnet.rpc, devnet.deployment, "ETH") / 1e10 == pytest.approx(target_8, rel=0.01)


@pytest.mark.parametrize("name", PATHS)
def test_a_path_is_played_to_its_end(devnet: Devnet, name: str) -> None:
    """Every block's index is the path's, the pool follows, no transaction of the play fails, and the mark comes after."""
    deployment = devnet.deployment
    path = PATHS[name](deployment.start_prices_8(), 7)
    blocks: list[PlayedBlock] = []
    play(devnet.url, deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0, on_block=blocks.append)
    assert [block.step for block in blocks] == list(range(blocks[0].steps))
    assert {later.timestamp - block.timestamp for block, later in pairwise(blocks)} == {_BLOCK_SECONDS}
    assert not [failure for block in blocks for failure in block.failures]
    last_8 = {move.market: move.price_8 for move in path}
    assert blocks[-1].index_8 == last_8
    with MarketDriver(devnet.url, deployment) as driver:
        quotes = driver.quotes()
    for market, price_8 in last_8.items():
        assert quotes[market].index_8 == price_8
        assert quotes[market].spot_8 == pytest.approx(price_8, rel=0.002)
        assert mark_price_18(devnet.rpc, deployment, market) / 1e10 == pytest.approx(price_8, rel=0.03)


def test_the_staircase_takes_both_sides_out_one_after_the_other(anvil: Callable[[AnvilOptions], Anvil]) -> None:
    """Of 60 traders at least a third become liquidatable, longs and shorts, in many blocks and not at once."""
    url = anvil(AnvilOptions(no_mining=True)).url
    deployment = deploy(url, 7, traders=60)
    accounts = [trader.address for trader in deployment.traders]
    first: dict[str, int] = {}
    with Rpc(url) as rpc:

        def look(block: PlayedBlock) -> None:
            for account, view in account_views(rpc, deployment, accounts).items() if block.step % 3 == 0 else ():
                if view.liquidatable:
                    first.setdefault(account, block.step)

        path = PATHS["staircase"](deployment.start_prices_8(), 7)
        play(url, deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0, on_block=look)
    sides = Counter(trader.positions[0].side for trader in deployment.traders if trader.positions and trader.address in first)
    assert len(first) >= len(accounts) / 3
    assert min(sides["long"], sides["short"]) >= 3
    assert max(Counter(first.values()).values()) <= len(first) / 3


def test_a_play_stops_and_goes_on(devnet: Devnet) -> None:
    """Stopped in the middle and continued at the next step, it ends at the same price and block."""
    path = PATHS["shock"](devnet.deployment.start_prices_8(), 7)
    stop = Event()
    blocks: list[PlayedBlock] = []

    def watch(block: PlayedBlock) -> None:
        blocks.append(block)
        if block.step == 5:
            stop.set()

    play(devnet.url, devnet.deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0, on_block=watch, stop=stop)
    assert blocks[-1].step == 5
    play(devnet.url, devnet.deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0, on_block=watch, first_step=6)
    assert [block.step for block in blocks] == list(range(blocks[0].steps))
    assert blocks[-1].number - blocks[0].number == len(blocks) - 1


def test_transactions_of_others_are_mined_with_the_play(devnet: Devnet) -> None:
    """Also when they pay far less than the play's own."""
    keeper = devnet.deployment.keeper
    transaction = devnet.rpc.call("eth_sendTransaction", {"from": keeper, "to": keeper, "value": "0x1", "gas": "0x5208"})
    play(devnet.url, devnet.deployment, (), block_seconds=2, wall_interval=0, tail_seconds=2)
    assert devnet.rpc.call("eth_getTransactionReceipt", transaction)["status"] == "0x1"


def test_a_play_is_a_function_of_its_seed(anvil: Callable[[AnvilOptions], Anvil]) -> None:
    """Two devnets, one path: the same last block, to the hash."""
    heads = set()
    for _ in range(2):
        url = anvil(AnvilOptions(no_mining=True)).url
        deployment = deploy(url, 5, traders=8)
        path = PATHS["shock"](deployment.start_prices_8(), 5)
        play(url, deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0)
        with Rpc(url) as rpc:
            heads.add(rpc.call("eth_getBlockByNumber", "latest", False)["hash"])
    assert len(heads) == 1


@pytest.mark.usefixtures("anvil")
def test_a_play_goes_on_over_a_reorg() -> None:
    """Blocks taken back in the middle take prices and trades with them; the play puts them right. On a devnet of its own: once many tests
    have mined on the shared one, anvil no longer has the state of the block a reorg goes back to."""
    with Devnet.up(AnvilOptions(no_mining=True), seed=7, traders=24) as devnet:
        path = PATHS["shock"](devnet.deployment.start_prices_8(), 7)

        def reorganise(block: PlayedBlock) -> None:
            if block.step in (3, 6, 9):
                devnet.rpc.call("anvil_reorg", 3, [])

        play(devnet.url, devnet.deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0, on_block=reorganise)
        with MarketDriver(devnet.url, devnet.deployment) as driver:
            quotes = driver.quotes()
    for market, price_8 in {move.market: move.price_8 for move in path}.items():
        assert quotes[market].index_8 == price_8
        assert quotes[market].spot_8 == pytest.approx(price_8, rel=0.002)
