"""anvil answers calls pinned to its newest block from the block it mines meanwhile; `prove_reads` must see through that."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from contracts.devnet import Devnet
from contracts.devnet.calldata import calldata
from contracts.devnet.mining import everyone_unlocked
from contracts.devnet.rpc import Rpc
from keeper.chain.chain import ChainClient, ChainOptions
from keeper.domain import parse
from keeper.domain.chain import BlockRef, Call, Reads

pytestmark = pytest.mark.fork


def _answer(call: Call) -> Reads[int]:
    (result,) = yield [call]
    return int.from_bytes(result.data[32:64], "big")


async def _watch(devnet: Devnet, call: Call, done: threading.Event) -> list[tuple[BlockRef, int]]:
    multicall = parse.address(devnet.deployment.multicall)
    options = ChainOptions(chain_id=devnet.deployment.chain_id, rpc_urls=(devnet.url,), multicall=multicall, prove_reads=True)
    seen: list[tuple[BlockRef, int]] = []
    async with ChainClient.open(options) as chain:
        while not done.is_set():
            head = await chain.head()
            seen.append((head, await chain.run(_answer(call), head)))
        return [(block, value) for block, value in seen if value != await chain.run(_answer(call), block)] or _checked(seen)


def _checked(seen: Sequence[tuple[BlockRef, int]]) -> list[tuple[BlockRef, int]]:
    """Nothing wrong, provided enough was looked at for the race to have happened."""
    assert len({block.number for block, _ in seen}) > 20
    return []


def _mine(url: str, owner: str, aggregator: str, done: threading.Event) -> None:
    """Changes the answer in every one of many quick blocks."""
    with Rpc(url) as rpc, everyone_unlocked(rpc):
        for answer in range(300):
            data = calldata("setAnswer(int256)", 10**8 + answer)
            rpc.batch([("eth_sendTransaction", [{"from": owner, "to": aggregator, "data": data, "gas": hex(300_000)}]), ("evm_mine", [])])
    done.set()


def test_reads_at_the_head_are_of_that_block_while_blocks_are_mined(devnet: Devnet) -> None:
    aggregator = devnet.deployment.market("ETH").aggregator
    call = Call(parse.address(aggregator), bytes.fromhex(calldata("latestRoundData()")[2:]))
    done = threading.Event()
    miner = threading.Thread(target=_mine, args=(devnet.url, devnet.deployment.owner, aggregator, done))
    miner.start()
    try:
        assert asyncio.run(_watch(devnet, call, done)) == []
    finally:
        miner.join()
