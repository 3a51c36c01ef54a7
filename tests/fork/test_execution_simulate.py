"""The simulator against the real venue: what it foretells is what the chain then does, and it leaves no trace."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from contracts.devnet import executor
from contracts.devnet.anvil import Anvil, AnvilOptions, anvil_path
from contracts.devnet.deployment import Trader
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import PlanCall
from contracts.devnet.market import MarketDriver
from contracts.devnet.rpc import Rpc
from contracts.devnet.views import account_views
from keeper.chain.chain import ChainClient, ChainOptions
from keeper.domain.chain import Address, BlockRef, Purpose, Timestamp
from keeper.domain.money import ZERO_USD
from keeper.domain.outcome import SimReverted, SimSettled
from keeper.domain.parse import address, hash32
from keeper.errors import BlockUnknown, ConfigError, RpcError, RpcUnavailable
from keeper.execution.executor_errors import executor_reason
from keeper.execution.gateway import Gateway
from keeper.execution.simulate import ForkSimulator, SimulatorOptions
from tests.fork.proxy import proxy_before

pytestmark = pytest.mark.fork
_GAS = 5_000_000


def head(rpc: Rpc) -> BlockRef:
    block = rpc.call("eth_getBlockByNumber", "latest", False)
    return BlockRef(
        int(block["number"], 16),
        hash32(block["hash"]),
        hash32(block["parentHash"]),
        Timestamp(int(block["timestamp"], 16)),
        int(block["baseFeePerGas"], 16),
    )


OPTIONS = SimulatorOptions(anvil_command=(str(anvil_path()),))


@asynccontextmanager
async def simulating(url: str, **changes: Any) -> AsyncIterator[ForkSimulator]:
    """A simulator of the chain at `url`."""
    async with simulating_on([url], **changes) as (simulator, _):
        yield simulator


@asynccontextmanager
async def simulating_on(urls: Sequence[str], **changes: Any) -> AsyncIterator[tuple[ForkSimulator, ChainClient]]:
    """A simulator as the daemon has it: over several endpoints of a chain."""
    async with ChainClient.open(ChainOptions(chain_id=31_337, rpc_urls=tuple(urls))) as chain:
        node = chain.node(Purpose.FORK)
        async with Gateway(node, 31_337) as gateway, ForkSimulator(replace(OPTIONS, **changes), node, gateway.open_door()) as simulator:
            yield simulator, chain


def execution(calls: Sequence[PlanCall], min_change_18: int) -> bytes:
    return bytes.fromhex(executor.execution(calls, min_change_18)[2:])


def liquidation(devnet: Devnet, trader: Trader) -> list[PlanCall]:
    base = devnet.deployment.market(trader.positions[0].market).base
    return executor.liquidate_and_close(devnet.deployment.core, trader.address, base)


def victims(devnet: Devnet, wanted: int) -> list[Trader]:
    """The market falls until so many plain longs are liquidatable."""
    deployment = devnet.deployment
    longs = [t for t in deployment.traders if t.style == "taker" and t.positions[0].side == "long"]
    with MarketDriver(devnet.url, deployment) as driver:
        for percent in range(97, 60, -3):
            for market in deployment.markets:
                driver.move(market.name, market.start_price_8 * percent // 100)
            views = account_views(devnet.rpc, deployment, [trader.address for trader in longs])
            found = [trader for trader in longs if views[trader.address].liquidatable]
            if len(found) >= wanted:
                return found[:wanted]
    raise AssertionError("nobody became liquidatable")


def sides(devnet: Devnet) -> tuple[Address, Address]:
    return address(devnet.deployment.keeper), address(devnet.deployment.executor)


def test_both_ways_foretell_what_the_chain_then_does(devnet: Devnet) -> None:
    (trader,) = victims(devnet, 1)
    calls = execution(liquidation(devnet, trader), 1)
    block = head(devnet.rpc)
    at = Timestamp(block.timestamp + 7)

    async def simulate() -> tuple[Any, Any]:
        async with simulating(devnet.url) as simulator:
            asked = (*sides(devnet), calls, _GAS, block, at)
            return await simulator.pre_check(*asked), await simulator.settle(*asked)

    checked, settled = asyncio.run(simulate())
    assert isinstance(checked, SimSettled)
    assert isinstance(settled, SimSettled)
    assert checked.change == settled.change > ZERO_USD
    assert head(devnet.rpc) == block, "the chain itself must not move"

    devnet.rpc.call("evm_setNextBlockTimestamp", at)
    sender, contract = sides(devnet)
    sent = devnet.rpc.call("eth_sendTransaction", {"from": sender, "to": contract, "data": "0x" + calls.hex(), "gas": hex(_GAS)})
    devnet.rpc.call("evm_mine")
    receipt = devnet.rpc.call("eth_getTransactionReceipt", sent)
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) == settled.gas_used
    real = [(log["address"], log["topics"], log["data"]) for log in receipt["logs"]]
    assert real == [(log.address, ["0x" + t.hex() for t in log.topics], "0x" + log.data.hex()) for log in settled.logs]


def test_candidates_do_not_see_each_other(devnet: Devnet) -> None:
    """The same liquidation settles again and again, also after one that reverted: each is undone before the next."""
    first, second = victims(devnet, 2)
    block = head(devnet.rpc)
    at = Timestamp(block.timestamp + 2)

    async def simulate() -> list[Any]:
        async with simulating(devnet.url) as simulator:

            async def settle(trader: Trader, least: int) -> Any:
                return await simulator.settle(*sides(devnet), execution(liquidation(devnet, trader), least), _GAS, block, at)

            return [await settle(first, 1), await settle(first, 10**24), await settle(second, 1), await settle(first, 1)]

    one, refused, other, again = asyncio.run(simulate())
    assert isinstance(one, SimSettled)
    assert isinstance(again, SimSettled)
    assert isinstance(other, SimSettled)
    assert (one.change, one.gas_used, len(one.logs)) == (again.change, again.gas_used, len(again.logs))
    assert isinstance(refused, SimReverted)
    assert refused.gas_used > 100_000
    assert executor_reason(str)(refused.data) == f"ProfitTooLow({one.change.raw}, {10**24})"


def test_a_healthy_account_reverts_with_the_venues_code(devnet: Devnet) -> None:
    healthy = next(trader for trader in devnet.deployment.traders if trader.style == "taker")
    calls = execution(liquidation(devnet, healthy), 0)
    block = head(devnet.rpc)

    async def simulate() -> list[Any]:
        async with simulating(devnet.url) as simulator:
            asked = (*sides(devnet), calls, _GAS, block, Timestamp(block.timestamp + 2))
            return [await simulator.pre_check(*asked), await simulator.settle(*asked)]

    expected = bytes.fromhex("08c379a0") + encode(("string",), ("CH_EAV",))
    assert [outcome.data for outcome in asyncio.run(simulate())] == [expected, expected]


@pytest.mark.parametrize("prefetch", [True, False])
def test_it_follows_the_head(devnet: Devnet, prefetch: bool) -> None:
    """The block's time is what the transaction sees, and the newest state is what it runs on."""
    target = "0x00000000000000000000000000000000000c0de5"
    code = "0x600054600052426020526040 6000fd".replace(" ", "")  # revert(sload(0), timestamp)
    devnet.rpc.call("anvil_setCode", target, code)

    async def simulate() -> list[tuple[int, int]]:
        seen = []
        async with simulating(devnet.url, prefetch=prefetch) as simulator:
            for value in (5, 6, 7):
                devnet.rpc.call("anvil_setStorageAt", target, "0x0", "0x" + value.to_bytes(32, "big").hex())
                devnet.rpc.call("evm_mine")
                block = head(devnet.rpc)
                outcome = await simulator.settle(sides(devnet)[0], address(target), b"", 100_000, block, Timestamp(block.timestamp + value))
                assert isinstance(outcome, SimReverted)
                seen.append((int.from_bytes(outcome.data[:32]), int.from_bytes(outcome.data[32:]) - block.timestamp))
        return seen

    assert asyncio.run(simulate()) == [(5, 5), (6, 6), (7, 7)]


def test_a_block_that_was_reorganised_away_is_refused(devnet: Devnet) -> None:
    block = head(devnet.rpc)
    gone = BlockRef(block.number, hash32("0x" + "ab" * 32), block.parent_hash, block.timestamp)
    calls = execution([], 0)

    async def simulate() -> Any:
        async with simulating(devnet.url) as simulator:
            with pytest.raises(BlockUnknown):
                await simulator.settle(*sides(devnet), calls, _GAS, gone, Timestamp(block.timestamp + 2))
            return await simulator.settle(*sides(devnet), calls, _GAS, block, Timestamp(block.timestamp + 2))

    outcome = asyncio.run(simulate())
    assert isinstance(outcome, SimSettled)
    assert outcome.change == ZERO_USD


@pytest.mark.chaos
def test_a_killed_fork_is_started_again_and_none_is_left_over(devnet: Devnet) -> None:
    block = head(devnet.rpc)
    asked = (*sides(devnet), execution([], 0), _GAS, block, Timestamp(block.timestamp + 2))

    async def simulate() -> list[int]:
        async with simulating(devnet.url) as simulator:
            first = simulator.fork_pid
            assert first is not None
            assert isinstance(await simulator.settle(*asked), SimSettled)
            os.kill(first, signal.SIGKILL)
            assert isinstance(await simulator.settle(*asked), SimSettled)
            second = simulator.fork_pid
            assert second is not None
            return [first, second]

    for pid in asyncio.run(simulate()):
        assert not _running(pid)


@pytest.mark.chaos
def test_a_cancelled_settlement_leaves_no_trace(devnet: Devnet) -> None:
    """Whatever moment it is stopped at, the next one starts from the clean block."""
    (trader,) = victims(devnet, 1)
    block = head(devnet.rpc)
    asked = (*sides(devnet), execution(liquidation(devnet, trader), 1), _GAS, block, Timestamp(block.timestamp + 2))

    async def simulate() -> list[Any]:
        outcomes = []
        async with simulating(devnet.url) as simulator:
            for patience_ms in (1, 3, 5, 8, 12, 20, 40):
                try:
                    async with asyncio.timeout(patience_ms / 1e3):
                        await simulator.settle(*asked)
                except TimeoutError:
                    pass
                outcomes.append(await simulator.settle(*asked))
        return outcomes

    outcomes = asyncio.run(simulate())
    assert all(isinstance(outcome, SimSettled) for outcome in outcomes)
    assert len({outcome.gas_used for outcome in outcomes}) == 1


def test_what_the_operator_must_mend_is_named(devnet: Devnet) -> None:
    block = head(devnet.rpc)
    nobody = address("0x" + "77" * 20)

    async def simulate() -> None:
        at = Timestamp(block.timestamp + 2)
        with pytest.raises(ConfigError, match=r"anvil of the executor: no program '/nowhere/anvil'"):
            async with simulating(devnet.url, anvil_command=("/nowhere/anvil",)):
                pass
        async with simulating(devnet.url) as simulator:
            with pytest.raises(RpcUnavailable, match=r"address of the executor: what 0x7777.* answers is no KeeperExecutor's"):
                await simulator.pre_check(sides(devnet)[0], nobody, b"", _GAS, block, at)
            with pytest.raises(RpcUnavailable, match=r"address of the executor"):
                await simulator.settle(sides(devnet)[0], nobody, b"", _GAS, block, at)
            with pytest.raises(RpcError, match="gas"):
                await simulator.settle(*sides(devnet), execution([], 0), 10**9, block, at)
            assert isinstance(await simulator.settle(*sides(devnet), execution([], 0), _GAS, block, at), SimSettled)

    asyncio.run(simulate())


def test_a_fork_that_cannot_start_because_the_chain_is_down_is_tried_again(devnet: Devnet) -> None:
    """By the next settlement; until then each says why not, and tells no key."""
    block = head(devnet.rpc)
    asked = (*sides(devnet), execution([], 0), _GAS, block, Timestamp(block.timestamp + 2))

    async def simulate() -> Any:
        async with proxy_before(devnet.url) as proxy, simulating(proxy.url + "/secretkey", timeout_s=5) as simulator:
            proxy.fail_next = 10**6
            assert simulator.fork_pid is not None
            os.kill(simulator.fork_pid, signal.SIGKILL)
            with pytest.raises(RpcUnavailable) as raised:
                await simulator.settle(*asked)
            assert "secretkey" not in str(raised.value)
            proxy.fail_next = 0
            return await simulator.settle(*asked)

    assert isinstance(asyncio.run(simulate()), SimSettled)


@pytest.mark.parametrize("fault", ["fail", "hang"])
def test_a_fork_outlives_the_loss_of_an_endpoint(devnet: Devnet, fault: str) -> None:
    """Over the pool, in the middle of its work and at start; the process stays the same."""

    async def simulate() -> None:
        async with proxy_before(devnet.url) as proxy, simulating_on([proxy.url, devnet.url]) as (simulator, chain):
            pid = simulator.fork_pid
            for faulty in (False, True, True, False):
                proxy.fail_next = 10**6 if faulty and fault == "fail" else 0
                proxy.hang_next = 10**6 if faulty and fault == "hang" else 0
                devnet.rpc.call("evm_mine")
                block = head(devnet.rpc)
                asked = (*sides(devnet), execution([], 0), _GAS, block, Timestamp(block.timestamp + 2))
                began = time.monotonic()
                assert isinstance(await simulator.settle(*asked), SimSettled)
                assert time.monotonic() - began < 3
            assert simulator.fork_pid == pid
            assert chain.usage().fork.requests > 4

    asyncio.run(simulate())


def test_the_second_head_is_fetched_in_a_few_requests(devnet: Devnet) -> None:
    """What the first head's candidates touched is asked for at once; blocks full of transactions cost nothing more."""
    (trader,) = victims(devnet, 1)
    calls = execution(liquidation(devnet, trader), 1)
    sender, executor = sides(devnet)

    async def simulate() -> list[int]:
        requests = []
        async with proxy_before(devnet.url) as proxy, simulating(proxy.url, prefetch=False) as simulator:
            for _ in range(3):
                for _ in range(5):
                    devnet.rpc.call("eth_sendTransaction", {"from": sender, "to": sender, "value": "0x0"})
                devnet.rpc.call("evm_mine")
                block = head(devnet.rpc)
                proxy.requests.clear()
                outcome = await simulator.settle(sender, executor, calls, _GAS, block, Timestamp(block.timestamp + 2))
                assert isinstance(outcome, SimSettled)
                requests.append(len(proxy.requests))
        return requests

    first, *others = asyncio.run(simulate())
    assert first > 100
    assert max(others) < 10


def test_anvil_is_told_no_secret(devnet: Devnet) -> None:
    """Neither on its command line nor in its environment, whatever stands in ours."""
    environment = os.environ | {"PERP_KEEPER_PASSWORD": "hunter2"}
    command = [sys.executable, "-c", _KEEPER, devnet.url, *OPTIONS.anvil_command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as keeper:
        assert keeper.stdout is not None
        fork_pid = int(keeper.stdout.readline())
        text = b"".join(Path(f"/proc/{fork_pid}/{name}").read_bytes() for name in ("environ", "cmdline"))
        keeper.kill()
    assert b"PATH=" in text
    assert b"hunter2" not in text
    assert devnet.url.encode() not in text


@pytest.mark.chaos
def test_the_fork_dies_with_a_killed_keeper(anvil: Callable[[AnvilOptions], Anvil]) -> None:
    base = anvil(AnvilOptions())
    keeper = subprocess.Popen([sys.executable, "-c", _KEEPER, base.url, *OPTIONS.anvil_command], stdout=subprocess.PIPE)
    assert keeper.stdout is not None
    with keeper.stdout:
        fork_pid = int(keeper.stdout.readline())
        assert _running(fork_pid)
        keeper.kill()
        keeper.wait()
    deadline = time.monotonic() + 5
    while _running(fork_pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _running(fork_pid)


_KEEPER = """
import asyncio, sys
from keeper.execution.fork_connection import ForkConnection
from keeper.execution.gateway import Gateway
from keeper.execution.executor_errors import executor_reason
from keeper.execution.simulate import ForkSimulator, SimulatorOptions

async def main(url, anvil):
    async with ForkConnection(url, 10) as node, Gateway(node, 31337) as gateway:
        async with ForkSimulator(SimulatorOptions(anvil_command=(anvil,)), node, gateway.open_door()) as simulator:
            print(simulator.fork_pid, flush=True)
            await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
