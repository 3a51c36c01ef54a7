"""Pinned reads on a real node, with Multicall3 and without."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.artifacts import bytecode
from keeper.chain.chain import ChainClient, ChainOptions
from keeper.domain.chain import Address, Call, CallResult, Reads, Timestamp
from keeper.errors import BlockUnknown, RpcError
from tests.fork.emitter import FILTER, Emitter

pytestmark = pytest.mark.fork

READER = Address("0x" + "ee" * 20)
REVERTER = Address("0x" + "dd" * 20)
NOBODY = Address("0x" + "99" * 20)
MULTICALL = Address("0xca11bde05977b3631167028862be2a173976ca11")
# TIMESTAMP and NUMBER, each in a word.
_READER_CODE = "0x425f524360205260405ff3"
# PUSH4 deadbeef, shifted to the front of a word, reverted with its 4 bytes.
_REVERTER_CODE = "0x63deadbeef60e01b5f5260045ffd"


@pytest.fixture
def emitter(anvil: Callable[[AnvilOptions], Anvil]) -> Iterator[Emitter]:
    """A chain with something to read, and Multicall3 in its place."""
    with Emitter.on(anvil(AnvilOptions(no_mining=True))) as running:
        rpc = running.rpc
        rpc.call("anvil_setCode", READER, _READER_CODE)
        rpc.call("anvil_setCode", REVERTER, _REVERTER_CODE)
        transaction = rpc.call("eth_sendTransaction", {"from": running.sender, "data": bytecode("keeper", "Multicall")})
        running.mine(0)
        created = rpc.call("eth_getTransactionReceipt", transaction)["contractAddress"]
        rpc.call("anvil_setCode", MULTICALL, rpc.call("eth_getCode", created, "latest"))
        running.mine(0)
        yield running


def _question() -> Reads[list[CallResult]]:
    results = yield [Call(READER, b""), Call(REVERTER, b""), Call(NOBODY, b"")]
    again = yield [Call(READER, results[0].data)]
    return [*results, *again]


def _options(emitter: Emitter) -> ChainOptions:
    return ChainOptions(chain_id=31_337, rpc_urls=(emitter.url,), poll_interval_s=0.02)


@pytest.mark.parametrize("multicall", [MULTICALL, NOBODY, None])
@pytest.mark.parametrize("ahead", [None, 13])
def test_calls_see_the_block_they_are_pinned_to(emitter: Emitter, multicall: Address | None, ahead: int | None) -> None:
    """Its number and its time, or the time asked for, whatever was mined since; one request a round, two where the contract is not."""

    async def run() -> None:
        async with ChainClient.open(replace(_options(emitter), multicall=multicall)) as client:
            block = await client.head()
            emitter.mine(1)
            at = None if ahead is None else Timestamp(block.timestamp + ahead)
            before = client.usage().following.requests
            results = await client.run(_question(), block, at)
            seen = (at or block.timestamp).to_bytes(32, "big") + block.number.to_bytes(32, "big")
            assert results == [CallResult(True, seen), CallResult(False, bytes.fromhex("deadbeef")), CallResult(True, b""), results[0]]
            assert client.usage().following.requests - before == (3 if multicall == NOBODY else 2)

    asyncio.run(run())


def test_an_orphaned_block_cannot_be_read(emitter: Emitter) -> None:
    """The reader is told at once, and does not get another block's state."""

    async def run() -> None:
        async with ChainClient.open(_options(emitter)) as client:
            orphan = await client.head()
            emitter.replace(1, [1])
            with pytest.raises(BlockUnknown):
                await client.run(_question(), orphan)
            with pytest.raises(BlockUnknown):
                await client.block(orphan.number + 100)
            assert (await client.block(orphan.number)).hash != orphan.hash

    asyncio.run(run())


def test_raw_requests_for_execution(emitter: Emitter) -> None:
    """A call's own error is raised by `request` and kept in its place by `batch`."""

    async def run() -> None:
        async with ChainClient.open(_options(emitter)) as client:
            assert await client.request("eth_chainId", []) == hex(31_337)
            with pytest.raises(RpcError) as caught:
                await client.request("eth_call", [{"to": REVERTER}, "latest"])
            assert caught.value.data == bytes.fromhex("deadbeef")
            chain_id, failure, number = await client.batch([("eth_chainId", []), ("eth_nothing", []), ("eth_blockNumber", [])])
            assert (chain_id, number) == (hex(31_337), hex(emitter.head()))
            assert isinstance(failure, RpcError)

    asyncio.run(run())


@pytest.mark.parametrize("socket", [True, False])
def test_a_waiting_follower_is_cancelled_at_once(emitter: Emitter, socket: bool) -> None:
    """Within a tenth of a poll interval, and nothing is left running."""

    async def follow() -> None:
        options = replace(_options(emitter), poll_interval_s=30.0, ws_url=emitter.ws_url if socket else None)
        async with ChainClient.open(options, [FILTER]) as client:
            async for _ in client.follow(await client.head(), []):
                pass

    async def run() -> None:
        async with asyncio.timeout(3), asyncio.TaskGroup() as group:
            task = group.create_task(follow())
            await asyncio.sleep(0.3)
            task.cancel()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_what_others_paid_comes_with_the_reads_of_a_block(emitter: Emitter) -> None:
    """A transaction in each of the last three blocks, with another tip; the reads take no request more."""
    for tip in (3 * 10**9, 5 * 10**9, 10**9):
        fields = {"from": emitter.sender, "to": NOBODY, "maxPriorityFeePerGas": hex(tip), "maxFeePerGas": hex(10**11)}
        emitter.rpc.call("eth_sendTransaction", fields)
        emitter.mine(0)

    async def run() -> None:
        async with ChainClient.open(replace(_options(emitter), fee_history_blocks=3)) as client:
            assert client.market_tip_wei() is None
            block = await client.head()
            before = client.usage().following.requests
            await client.run(_question(), block)
            assert client.market_tip_wei() == 3 * 10**9
            assert client.usage().following.requests - before == 2

    asyncio.run(run())
