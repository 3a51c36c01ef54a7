"""What a fork sees of the chain: one block, by its hash, fetched once; and why not, when it cannot be had."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable
from keeper.execution.gateway import Door, Gateway

ONE = BlockRef(17, Hash32("0x" + "11" * 32), Hash32("0x" + "00" * 32), Timestamp(100))
TWO = BlockRef(18, Hash32("0x" + "22" * 32), ONE.hash, Timestamp(102))
ADDRESS, SLOT = "0x" + "aa" * 20, "0x" + "01" * 32


@dataclass
class EchoNode:
    """Answers with method and parameters; keeps every request. `failure` is raised instead, where there is one."""

    requests: list[list[str]] = field(default_factory=list)
    failure: Exception | None = None
    unknown: frozenset[str] = frozenset()
    codes: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        return (await self.batch([(method, params)]))[0]

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        self.requests.append([method for method, _ in calls])
        if self.failure is not None:
            raise self.failure
        return [self._answer(method, params) for method, params in calls]

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_getBlockByHash" and params[0] in self.unknown:
            return None
        if method == "eth_getCode" and params[0] in self.codes:
            return self.codes[params[0]]
        return self.plain.get(method, [method, *params])


async def _ask(door: Door, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    answer = json.loads(await door.answer(body))
    assert answer["id"] == 7
    return answer.get("result", answer.get("error"))


@asynccontextmanager
async def _door(node: EchoNode) -> AsyncIterator[Door]:
    async with Gateway(node, 10) as gateway:
        yield gateway.open_door()


def test_the_block_shown_is_asked_for_by_its_hash_and_once() -> None:
    """Whichever way the fork names it; state, the block itself and its number."""

    async def run() -> None:
        node = EchoNode()
        async with _door(node) as door:
            door.show(ONE)
            for tag in ("latest", "0x11", "0x11"):
                assert await _ask(door, "eth_getStorageAt", ADDRESS, SLOT, tag) == [
                    "eth_getStorageAt",
                    ADDRESS,
                    SLOT,
                    {"blockHash": ONE.hash},
                ]
                assert await _ask(door, "eth_getBlockByNumber", tag, False) == ["eth_getBlockByHash", ONE.hash, False]
            assert await _ask(door, "eth_blockNumber") == "0x11"
            assert await _ask(door, "eth_chainId") == "0xa"
        assert node.requests == [["eth_getStorageAt"], ["eth_getBlockByHash"]]

    asyncio.run(run())


def test_an_account_is_asked_for_in_ways_every_node_knows() -> None:
    """anvil asks for it whole or in parts; either way it is three calls, once."""

    async def run() -> None:
        node = EchoNode()
        async with _door(node) as door:
            door.show(ONE)
            whole = await _ask(door, "eth_getAccountInfo", ADDRESS, "0x11")
            assert {name: answer[0] for name, answer in whole.items()} == {
                "balance": "eth_getBalance",
                "nonce": "eth_getTransactionCount",
                "code": "eth_getCode",
            }
            assert await _ask(door, "eth_getCode", ADDRESS, "0x11") == whole["code"]
        assert node.requests == [["eth_getBalance", "eth_getTransactionCount", "eth_getCode"]]

    asyncio.run(run())


def test_what_one_block_was_asked_for_is_fetched_at_once_for_the_next() -> None:
    """For all forks; the answers of one block are never those of another."""

    async def run() -> None:
        node = EchoNode()
        async with Gateway(node, 10) as gateway:
            first, second = gateway.open_door(), gateway.open_door()
            first.show(ONE)
            await first.fetch_ahead()
            await _ask(first, "eth_getStorageAt", ADDRESS, SLOT, "0x11")
            await _ask(first, "eth_getBalance", ADDRESS, "0x11")
            node.requests.clear()
            for door in (first, second):
                door.show(TWO)
                await door.fetch_ahead()
                assert (await _ask(door, "eth_getStorageAt", ADDRESS, SLOT, "0x12"))[-1] == {"blockHash": TWO.hash}
                assert (await _ask(door, "eth_getBalance", ADDRESS, "0x12"))[-1] == {"blockHash": TWO.hash}
            assert [sorted(request) for request in node.requests] == [["eth_getBalance", "eth_getStorageAt"]]

    asyncio.run(run())


def test_code_is_fetched_once_for_all_blocks() -> None:
    """Unless there is none yet, or it is only lent."""

    async def run(code: str) -> list[list[str]]:
        node = EchoNode(codes={ADDRESS: code})
        async with _door(node) as door:
            for block in (ONE, TWO):
                door.show(block)
                await door.fetch_ahead()
                assert await _ask(door, "eth_getCode", ADDRESS, hex(block.number)) == code
        return node.requests

    assert asyncio.run(run("0x6001")) == [["eth_getCode"]]
    assert asyncio.run(run("0x")) == [["eth_getCode"]] * 2
    assert asyncio.run(run("0xef0100" + "aa" * 20)) == [["eth_getCode"]] * 2


def _loaded(dump: str | None) -> Any:
    assert dump is not None
    return json.loads(gzip.decompress(bytes.fromhex(dump[2:])))["accounts"]


def test_what_is_fetched_ahead_is_given_to_the_fork_at_once() -> None:
    """Whole accounts only: one without its code would be an empty one. What it then no longer asks for is still fetched at later heads."""

    async def run() -> None:
        node = EchoNode(
            codes={ADDRESS: "0x6001"}, plain={"eth_getBalance": "0x5", "eth_getTransactionCount": "0x2", "eth_getStorageAt": "0x9"}
        )
        async with _door(node) as door:
            door.show(ONE)
            assert await door.fetch_ahead() is None
            await _ask(door, "eth_getAccountInfo", ADDRESS, "0x11")
            await _ask(door, "eth_getStorageAt", ADDRESS, SLOT, "0x11")
            await _ask(door, "eth_getBalance", "0x" + "bb" * 20, "0x11")
            for number in range(18, 21):
                door.show(BlockRef(number, Hash32(f"0x{number:064x}"), ONE.hash, Timestamp(number)))
                account = {"balance": "0x5", "nonce": 2, "code": "0x6001", "storage": {SLOT: "0x9"}}
                assert _loaded(await door.fetch_ahead()) == {ADDRESS: account}

    asyncio.run(run())


def test_what_is_asked_again_and_again_is_remembered_and_one_accounts_own_is_not() -> None:
    """The venue's slots for long, an account's for a few blocks: it is soon dealt with, and there are many."""

    async def run() -> list[int]:
        node = EchoNode(plain={"eth_getStorageAt": "0x9"})
        ahead = []
        async with _door(node) as door:
            for number in range(20):
                door.show(BlockRef(number, Hash32(f"0x{number:064x}"), ONE.hash, Timestamp(number)))
                node.requests.clear()
                await door.fetch_ahead()
                ahead.append(len(node.requests[0]) if node.requests else 0)
                if number in (0, 6):
                    await _ask(door, "eth_getStorageAt", ADDRESS, SLOT, hex(number))
                if number == 8:
                    await _ask(door, "eth_getStorageAt", ADDRESS, "0x" + "02" * 32, hex(number))
        return ahead

    assert asyncio.run(run()) == [0, 1, 1, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1]


def test_nonsense_is_not_given_to_the_fork() -> None:
    """An endpoint that lies costs speed only."""

    async def run() -> None:
        node = EchoNode(plain={"eth_getTransactionCount": "two"})
        async with _door(node) as door:
            door.show(ONE)
            await _ask(door, "eth_getAccountInfo", ADDRESS, "0x11")
            door.show(TWO)
            assert await door.fetch_ahead() is None

    asyncio.run(run())


@pytest.mark.parametrize("failure", [RpcUnavailable("nobody answers"), RpcError(-32_000, "busy")])
def test_fetching_ahead_may_fail(failure: Exception) -> None:
    """What is missing is fetched when it is asked for."""

    async def run() -> None:
        node = EchoNode()
        async with _door(node) as door:
            door.show(ONE)
            await _ask(door, "eth_getBalance", ADDRESS, "0x11")
            door.show(TWO)
            node.failure = failure
            await door.fetch_ahead()
            assert door.failure is None
            node.failure = None
            assert (await _ask(door, "eth_getBalance", ADDRESS, "0x12"))[-1] == {"blockHash": TWO.hash}

    asyncio.run(run())


def test_why_the_chain_did_not_answer_is_kept_for_the_simulator() -> None:
    """The fork itself only says that something went wrong; an error that is the call's own is its business."""

    async def run() -> None:
        node = EchoNode(unknown=frozenset({ONE.hash}))
        async with _door(node) as door:
            door.show(ONE)
            assert (await _ask(door, "eth_getBlockByNumber", "0x11", False))["code"] == 0
            assert isinstance(door.failure, BlockUnknown)
            door.clear()
            node.failure = RpcUnavailable("nobody answers")
            assert (await _ask(door, "eth_getBalance", ADDRESS, "0x11"))["message"] == "nobody answers"
            assert isinstance(door.failure, RpcUnavailable)
            door.clear()
            node.failure = RpcError(-32_601, "Method not found")
            assert (await _ask(door, "eth_feeHistory"))["code"] == -32_601
            assert door.failure is None

    asyncio.run(run())


def test_other_questions_are_passed_on_as_they_are() -> None:
    """Other blocks, other methods, and everything before a block is shown."""

    async def run() -> None:
        node = EchoNode()
        async with _door(node) as door:
            assert await _ask(door, "eth_getBalance", ADDRESS, "latest") == ["eth_getBalance", ADDRESS, "latest"]
            door.show(ONE)
            assert await _ask(door, "eth_getBalance", ADDRESS, "0x3") == ["eth_getBalance", ADDRESS, "0x3"]
            assert await _ask(door, "eth_getBlockByNumber", "0x3", True) == ["eth_getBlockByNumber", "0x3", True]

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"id":1}', b'{"method":"eth_chainId"}', b"[" * 5_000])
def test_nonsense_is_an_error_not_an_end(body: bytes) -> None:
    """Whoever sends it."""

    async def run() -> None:
        async with _door(EchoNode()) as door:
            assert json.loads(await door.answer(body))["error"]["code"] == -32_600

    asyncio.run(run())


def test_over_http_only_who_knows_the_address_is_answered() -> None:
    """Another process on the machine could spend the provider's allowance otherwise."""

    async def run() -> None:
        node = EchoNode()
        async with _door(node) as door, aiohttp.ClientSession() as session:
            door.show(ONE)
            body = json.dumps({"id": 1, "method": "eth_blockNumber", "params": []})
            for _ in range(3):
                async with session.post(door.url, data=body) as answer:
                    assert (answer.status, (await answer.json())["result"]) == (200, "0x11")
            origin = door.url.rsplit("/", 1)[0]
            for url in (origin, f"{origin}/guess"):
                async with session.post(url, data=body) as answer:
                    assert answer.status == 404
            async with session.get(door.url) as answer:
                assert answer.status == 404
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_a_connection_that_talks_nonsense_or_hangs_does_not_keep_it_from_ending() -> None:
    """Open sockets are closed with it."""

    async def run() -> None:
        writers = []
        async with _door(EchoNode()) as door:
            port = int(door.url.split(":")[2].split("/")[0])
            for words in (b"", b"hello\r\n\r\n", b"POST", b"x" * (5 << 20)):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(words)
                writers.append(writer)
            await asyncio.sleep(0.05)
        for writer in writers:
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(run(), 5))
