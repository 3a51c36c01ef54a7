"""Blocks proven on a real node: hashes and roots of what it mined, and lies of endpoints that carry their own refutation."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.rpc import Rpc
from keeper.chain.chain import ChainClient, ChainOptions, Observers
from keeper.chain.header import header_hash
from keeper.chain.incident import Incident
from keeper.chain.receipts import receipts_root
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Untrustworthy
from keeper.domain.chain import BlockAdded, BlockRef, Hash32, RawLog
from keeper.errors import BlockUnknown
from tests.fork.emitter import EMITTER, FILTER, Emitter
from tests.fork.proxy import Fault, proxy_before

pytestmark = pytest.mark.fork
Start = Callable[[AnvilOptions], Anvil]
_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's first published account


@pytest.fixture
def emitter(anvil: Start) -> Iterator[Emitter]:
    """A fresh chain that mines when told."""
    with Emitter.on(anvil(AnvilOptions(no_mining=True))) as running:
        yield running


def _proves(rpc: Rpc, number: int) -> bool:
    header = rpc.call("eth_getBlockByNumber", hex(number), False)
    receipts = rpc.call("eth_getBlockReceipts", hex(number))
    return bool(header_hash(header) == header["hash"] and receipts_root(receipts) == header["receiptsRoot"])


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 128, 130, 300])
def test_blocks_of_any_length(emitter: Emitter, count: int) -> None:
    """The keys of the trie grow at 128 and 256 entries."""
    emitter.mine(count)
    assert len(emitter.rpc.call("eth_getBlockReceipts", "latest")) == count
    assert _proves(emitter.rpc, emitter.head())


def test_every_type_of_transaction(emitter: Emitter) -> None:
    """Legacy, with an access list, with fees of EIP-1559, with a delegation; one that reverts, one that creates."""
    account = Account.from_key(_KEY)
    common: dict[str, Any] = {"chainId": 31_337, "gas": 200_000, "to": to_checksum_address(EMITTER), "value": 0, "data": "0x"}
    fees = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1}
    delegation = account.sign_authorization({"chainId": 31_337, "address": to_checksum_address(EMITTER), "nonce": 6})
    reverting = {"to": None, "data": "0x60006000fd"}
    many: list[dict[str, Any]] = [
        {"gasPrice": 10**10},
        {"gasPrice": 10**10, "accessList": [], "type": 1},
        {**fees, "type": 2},
        {**fees, **reverting},
        {"gasPrice": 10**10, "to": None, "data": "0x602a60005260206000f3"},
        {**fees, "type": 4, "authorizationList": [delegation]},
    ]
    for nonce, special in enumerate(many):
        fields = {**common, **special, "nonce": nonce}
        fields = {name: value for name, value in fields.items() if value is not None}
        emitter.rpc.call("eth_sendRawTransaction", "0x" + account.sign_transaction(fields).raw_transaction.hex().removeprefix("0x"))
    emitter.rpc.call("evm_mine")
    receipts = emitter.rpc.call("eth_getBlockReceipts", "latest")
    assert {receipt["type"] for receipt in receipts} == {"0x0", "0x1", "0x2", "0x4"}
    assert {receipt["status"] for receipt in receipts} == {"0x0", "0x1"}
    assert _proves(emitter.rpc, emitter.head())


Lie = Callable[[Any], Any]


def _on(method: str, lie: Lie) -> Fault:
    return lambda name, result: lie(result) if name == method and result else result


def _without_last_log(receipts: Any) -> Any:
    *before, last = receipts
    return [*before, {**last, "logs": last["logs"][:-1]}]


def _with_invented_log(receipts: Any) -> Any:
    *before, last = receipts
    log = last["logs"][-1]
    return [*before, {**last, "logs": [*last["logs"], {**log, "logIndex": hex(int(log["logIndex"], 16) + 1)}]}]


def _elsewhere(receipts: Any) -> Any:
    """The logs are true, but their places are swapped: the root does not tell those."""
    first, second, *rest = receipts
    return [{**first, "transactionIndex": "0x1"}, {**second, "transactionIndex": "0x0"}, *rest]


LIES = {
    "log omitted": _on("eth_getBlockReceipts", _without_last_log),
    "log invented": _on("eth_getBlockReceipts", _with_invented_log),
    "receipt omitted": _on("eth_getBlockReceipts", lambda receipts: receipts[:-1]),
    "no receipts": _on("eth_getBlockReceipts", lambda _: []),
    "places swapped": _on("eth_getBlockReceipts", _elsewhere),
    "receipts malformed": _on("eth_getBlockReceipts", lambda receipts: [{"logs": []} for _ in receipts]),
    "time of the block": _on("eth_getBlockByNumber", lambda header: {**header, "timestamp": hex(int(header["timestamp"], 16) + 9)}),
    "bloom emptied": _on("eth_getBlockByNumber", lambda header: {**header, "logsBloom": "0x" + "00" * 256}),
    "root of other receipts": _on("eth_getBlockByNumber", lambda header: {**header, "receiptsRoot": header["stateRoot"]}),
}
BLOOM_LIES = {
    "logs omitted": _on("eth_getLogs", lambda _: []),
    "log invented": _on(
        "eth_getLogs", lambda logs: [*logs, {**logs[-1], "topics": [*logs[-1]["topics"], "0x" + "ab" * 32], "logIndex": "0x9"}]
    ),
}


def _options(*urls: str, **changes: Any) -> ChainOptions:
    retry = RetryOptions(head_check_interval_s=0.2)
    base = ChainOptions(chain_id=31_337, rpc_urls=urls, poll_interval_s=0.02, request_timeout_s=0.4, retry=retry)
    return replace(base, **changes)


def _blocks(
    emitter: Emitter, lie: Fault, *, alone: bool, socket: bool, verify_receipts: bool
) -> tuple[list[tuple[str, tuple[RawLog, ...]]], list[Incident]]:
    """Follow six blocks of three logs. The first endpoint lies from the third on; alone, it stops lying after a second."""
    incidents: list[Incident] = []

    async def run() -> list[tuple[str, tuple[RawLog, ...]]]:
        async with proxy_before(emitter.url) as proxy:
            urls = (proxy.url,) if alone else (proxy.url, emitter.url)
            options = _options(*urls, verify_receipts=verify_receipts, ws_url=emitter.ws_url if socket else None)
            async with (
                ChainClient.open(options, [FILTER], Observers(incidents.append)) as client,
                aclosing(client.follow(await client.head(), [])) as events,
            ):
                blocks: list[tuple[str, tuple[RawLog, ...]]] = []
                emitter.mine(3)
                async with asyncio.timeout(30):
                    async for event in events:
                        if not isinstance(event, BlockAdded):
                            continue
                        blocks.append((event.block.hash, event.logs))
                        if len(blocks) == 6:
                            break
                        if len(blocks) == 2:
                            proxy.lies = lie
                            if alone:
                                asyncio.get_running_loop().call_later(1, lambda: setattr(proxy, "lies", None))
                        emitter.mine(3)
                return blocks

    return asyncio.run(run()), incidents


@pytest.mark.parametrize(("alone", "socket"), [(False, True), (False, False), (True, True)])
@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_a_block_is_refuted(emitter: Emitter, lie: str, alone: bool, socket: bool) -> None:
    """The other endpoint is asked; alone, the same one again until it tells the truth."""
    blocks, incidents = _blocks(emitter, LIES[lie], alone=alone, socket=socket, verify_receipts=True)
    assert blocks == emitter.canonical(emitter.head())[1:]
    assert any(incident.event == "failed" for incident in incidents)
    assert not any(incident.event.endswith("unproven") for incident in incidents)


@pytest.mark.parametrize(("lie", "alone"), [("logs omitted", False), ("log invented", False), ("log invented", True)])
def test_the_bloom_alone_refutes_what_it_can(emitter: Emitter, lie: str, alone: bool) -> None:
    """All logs of a block kept back, with another endpoint; a log that the bloom denies.

    Kept back by the only endpoint is not in the list: the bloom's claim is no proof, and two answers to the same are believed."""
    blocks, _ = _blocks(emitter, BLOOM_LIES[lie], alone=alone, socket=True, verify_receipts=False)
    assert blocks == emitter.canonical(emitter.head())[1:]


def test_receipts_of_a_block_are_the_nodes_own_and_proven(emitter: Emitter) -> None:
    """Of a block by its hash; a block nobody knows is told as such, and lies of the only endpoint are not returned."""
    emitter.mine(3)

    async def run() -> None:
        async with proxy_before(emitter.url) as proxy, ChainClient.open(_options(proxy.url), [FILTER]) as client:
            head = await client.head()
            assert await client.block_receipts(head) == emitter.rpc.call("eth_getBlockReceipts", "latest")
            with pytest.raises(BlockUnknown):
                await client.block_receipts(BlockRef(1, Hash32("0x" + "ab" * 32), head.parent_hash, head.timestamp))
            proxy.lies = LIES["receipt omitted"]
            with pytest.raises(Untrustworthy):
                await client.block_receipts(head)

    asyncio.run(run())


def _reverted(method: str, result: Any) -> Any:
    if method == "eth_getBlockReceipts" and result:
        return [receipt | {"status": "0x0", "logs": []} for receipt in result]
    return result


def test_a_chain_known_to_prove_its_receipts_is_not_believed_without_proof(emitter: Emitter) -> None:
    """The only endpoint takes to lying about all receipts before any block was followed: it is asked again until it stops."""
    incidents: list[Incident] = []

    async def run() -> None:
        async with proxy_before(emitter.url) as proxy:
            emitter.mine(2)
            async with ChainClient.open(_options(proxy.url), [FILTER], Observers(incidents.append)) as client:
                await client.head()
                proxy.lies = _reverted
                emitter.mine(2)
                for _ in range(5):
                    with pytest.raises(Untrustworthy):
                        await client.block_receipts(await client.head())
                proxy.lies = None
                receipts = await client.block_receipts(await client.head())
                assert receipts is not None
                assert [receipt["status"] for receipt in receipts] == ["0x1", "0x1"]

    asyncio.run(run())
    assert "receipts_unproven" not in {incident.event for incident in incidents}


def test_without_the_method_the_bloom_must_do(emitter: Emitter) -> None:
    """Said once; nothing is asked for again and again."""
    incidents: list[Incident] = []

    async def run() -> list[str]:
        async with proxy_before(emitter.url) as proxy:
            proxy.missing = frozenset({"eth_getBlockReceipts"})
            async with ChainClient.open(_options(proxy.url), [FILTER], Observers(incidents.append)) as client:
                emitter.mine(2)
                assert await client.block_receipts(await client.head()) is None
                seen = len(proxy.requests)
                async with aclosing(client.follow(await client.block(0), [])) as events:
                    event = await anext(events)
                assert isinstance(event, BlockAdded)
                assert len(event.logs) == 2
                return [method for methods in proxy.requests[seen:] for method in methods]

    assert "eth_getBlockReceipts" not in asyncio.run(run())
    assert [incident.event for incident in incidents] == ["no_receipts"]


def test_a_chain_that_hashes_otherwise_is_believed_and_that_is_said(emitter: Emitter) -> None:
    """No header of any endpoint hashes to its hash, and no receipts have their root: both are learned once."""
    incidents: list[Incident] = []

    def other(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result:
            return {**result, "gasUsed": hex(int(result["gasUsed"], 16) + 1), "receiptsRoot": "0x" + "11" * 32}
        return result

    async def run() -> None:
        async with proxy_before(emitter.url) as proxy:
            proxy.lies = other
            async with ChainClient.open(_options(proxy.url), [FILTER], Observers(incidents.append)) as client:
                emitter.mine(2)
                async with aclosing(client.follow(await client.block(0), [])) as events:
                    event = await anext(events)
                assert isinstance(event, BlockAdded)
                assert len(event.logs) == 2

    asyncio.run(run())
    assert {"headers_unproven", "receipts_unproven"} <= {incident.event for incident in incidents}
