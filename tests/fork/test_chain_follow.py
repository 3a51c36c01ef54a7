"""The chain layer on a real node: reorgs, failures and lies of endpoints, the websocket, and what a block costs."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from keeper.chain.bloom import BloomProbe
from keeper.chain.chain import ChainClient, ChainOptions, Observers
from keeper.chain.header import parse_header
from keeper.chain.incident import Incident
from keeper.chain.retry import RetryOptions
from keeper.domain.chain import Address, BlockAdded, BlockRef, BlocksReverted, LogFilter
from keeper.errors import ConfigError, ReorgBeyondFinality, RpcUnavailable
from tests.fork.emitter import FILTER, TOPIC, Emitter
from tests.fork.proxy import Proxy, proxy_before
from tests.keeper.chain.listener import Listener

pytestmark = pytest.mark.fork
Start = Callable[[AnvilOptions], Anvil]
Act = Callable[[], object]
DEPTH = 12


@pytest.fixture
def emitter(anvil: Start) -> Iterator[Emitter]:
    """A fresh chain that mines when told."""
    with Emitter.on(anvil(AnvilOptions(no_mining=True))) as running:
        yield running


def _options(*urls: str, **changes: Any) -> ChainOptions:
    retry = RetryOptions(head_check_interval_s=0.2)
    base = ChainOptions(chain_id=31_337, rpc_urls=urls, finality_depth=DEPTH, poll_interval_s=0.02, request_timeout_s=0.4, retry=retry)
    return replace(base, **changes)


async def _listen(client: ChainClient, listener: Listener, emitter: Emitter, acts: Sequence[Act]) -> None:
    """Follow while `acts` happen one after the other; each next one when the follower has reached the head."""
    async with asyncio.timeout(60), aclosing(client.follow(listener.final, [])) as events:
        left = list(acts)
        async for event in events:
            listener.take(event)
            while left and listener.chain[-1][0].number == emitter.head():
                left.pop(0)()
            if not left and listener.chain[-1][0].hash == emitter.canonical(emitter.head())[-1][0]:
                return


def _follow(options: ChainOptions, emitter: Emitter, acts: Sequence[Act]) -> tuple[Listener, list[Incident]]:
    incidents: list[Incident] = []

    async def run() -> Listener:
        async with ChainClient.open(options, [FILTER], Observers(incidents.append)) as client:
            listener = Listener(await client.head(), DEPTH)
            emitter.mine(1)
            await _listen(client, listener, emitter, acts)
            return listener

    return asyncio.run(run()), incidents


def _hashes(listener: Listener) -> list[tuple[str, Any]]:
    return [(block.hash, logs) for block, logs in listener.chain]


@pytest.mark.parametrize("socket", [True, False])
def test_reorgs_of_depth_one_to_five_leave_the_canonical_chain(emitter: Emitter, socket: bool) -> None:
    """At random moments, with other logs on the new fork; compared with one eth_getLogs over the whole range."""
    draw = random.Random(5)
    acts: list[Act] = []
    for depth in [1, 2, 3, 4, 5, 5, 1, 3]:
        acts += [partial(emitter.mine, draw.randint(0, 3)) for _ in range(draw.randint(2, 5))]
        acts.append(partial(emitter.replace, depth, [draw.randint(0, 2) for _ in range(depth)]))
    listener, incidents = _follow(_options(emitter.url, ws_url=emitter.ws_url if socket else None), emitter, acts)
    assert _hashes(listener) == emitter.canonical(emitter.head())
    assert sum(len(logs) for _, logs in listener.chain) > 20
    assert incidents == []


def test_a_long_gap_comes_complete(emitter: Emitter) -> None:
    """A hundred and fifty blocks at once, as after a pause of the daemon."""
    for place in range(150):
        emitter.mine(place % 3)
    genesis = parse_header(emitter.rpc.call("eth_getBlockByNumber", "0x0", False)).ref

    async def run() -> tuple[Listener, int]:
        async with ChainClient.open(_options(emitter.url), [FILTER]) as client:
            listener = Listener(genesis, DEPTH)
            before = client.usage().following.requests
            await _listen(client, listener, emitter, [])
            return listener, client.usage().following.requests - before

    listener, requests = asyncio.run(run())
    assert _hashes(listener) == emitter.canonical(150)
    assert requests == 13  # four for how headers and receipts hash, then three chunks of fifty, each: head, headers, logs


def test_backfill_equals_one_question_over_the_range(emitter: Emitter) -> None:
    """In chunks of seven blocks."""
    for place in range(60):
        emitter.mine(place % 4)

    async def run() -> list[Any]:
        async with ChainClient.open(_options(emitter.url, max_log_range=7)) as client:
            return [log async for _, logs in client.backfill([FILTER], 0, 60) for log in logs]

    assert asyncio.run(run()) == [log for _, logs in emitter.canonical(60) for log in logs]


def test_a_block_costs_one_request_with_a_socket(emitter: Emitter) -> None:
    """Head and logs in one batch; polling costs two and the polls between."""

    async def run() -> float:
        options = _options(emitter.url, ws_url=emitter.ws_url, poll_interval_s=5.0)
        async with ChainClient.open(options, [FILTER]) as client:
            listener = Listener(await client.head(), DEPTH)
            emitter.mine(1)
            spent: list[int] = []

            def mine() -> None:
                spent.append(client.usage().following.requests)
                emitter.mine(1)

            await _listen(client, listener, emitter, [mine] * 10)
            return (client.usage().following.requests - spent[1]) / 9

    assert asyncio.run(run()) == 1.0


def _proxied(emitter: Emitter, act: Callable[[Proxy], Sequence[Act]], *, alone: bool = False) -> tuple[Listener, list[Incident]]:
    """Follow through a proxy, with the node itself as second endpoint unless `alone`."""
    incidents: list[Incident] = []

    async def run() -> Listener:
        async with proxy_before(emitter.url) as proxy:
            urls = (proxy.url,) if alone else (proxy.url, emitter.url)
            async with ChainClient.open(_options(*urls), [FILTER], Observers(incidents.append)) as client:
                listener = Listener(await client.head(), DEPTH)
                emitter.mine(1)
                await _listen(client, listener, emitter, act(proxy))
                return listener

    return asyncio.run(run()), incidents


@pytest.mark.parametrize("fault", ["fail", "hang"])
@pytest.mark.parametrize("alone", [True, False])
def test_an_endpoint_that_dies_for_a_while(emitter: Emitter, fault: str, alone: bool) -> None:
    """HTML or silence, with another endpoint to go to and without."""

    def acts(proxy: Proxy) -> Sequence[Act]:
        def die() -> None:
            proxy.fail_next, proxy.hang_next = (3, 0) if fault == "fail" else (0, 2)
            emitter.mine(2)

        return [die, lambda: emitter.mine(1), die, lambda: emitter.reorg(2, [1, 1]), lambda: emitter.mine(1)]

    listener, incidents = _proxied(emitter, acts, alone=alone)
    assert _hashes(listener) == emitter.canonical(emitter.head())
    # With another endpoint it is over before a survey looks at the first again.
    assert ({"failed", "recovered"} if alone else {"failed"}) <= {incident.event for incident in incidents}


@pytest.mark.parametrize("method", ["eth_getBlockReceipts", "eth_getBlockByNumber"])
def test_the_nth_call_of_a_method_fails(emitter: Emitter, method: str) -> None:
    """In the middle of a block."""

    def acts(proxy: Proxy) -> Sequence[Act]:
        proxy.fail_nth[method] = 4
        return [lambda: emitter.mine(1)] * 8

    listener, incidents = _proxied(emitter, acts, alone=True)
    assert _hashes(listener) == emitter.canonical(emitter.head())
    assert [incident.event for incident in incidents] == ["failed", "recovered"]


def _wrong_parent(method: str, result: Any) -> Any:
    return {**result, "hash": "0x" + "ab" * 32, "number": "0x2"} if method == "eth_getBlockByNumber" and result else result


def _no_logs(method: str, result: Any) -> Any:
    return [] if method == "eth_getLogs" else result


def _foreign_logs(method: str, result: Any) -> Any:
    return [{**log, "blockHash": "0x" + "cd" * 32} for log in result] if method == "eth_getLogs" else result


@pytest.mark.parametrize("lie", [_wrong_parent, _no_logs, _foreign_logs])
def test_a_lying_endpoint_is_not_believed(emitter: Emitter, lie: Callable[[str, Any], Any]) -> None:
    """Headers that do not fit, logs kept back, logs of another block."""

    def acts(proxy: Proxy) -> Sequence[Act]:
        def start_lying() -> None:
            proxy.lies = lie
            emitter.mine(1)

        return [start_lying, *[lambda: emitter.mine(1)] * 4]

    listener, _ = _proxied(emitter, acts)
    canonical = emitter.canonical(emitter.head())
    assert _hashes(listener) == canonical
    assert all(logs for _, logs in canonical[1:])


def test_a_frozen_endpoint_is_left_for_one_that_moves(emitter: Emitter) -> None:
    """It goes on answering with HTTP 200, always the same head."""
    frozen: list[Any] = []

    def freeze(method: str, result: Any) -> Any:
        if method != "eth_getBlockByNumber":
            return result
        frozen.append(result)
        return frozen[0]

    def acts(proxy: Proxy) -> Sequence[Act]:
        def start() -> None:
            proxy.lies = freeze
            for _ in range(8):
                emitter.mine(1)

        return [start, lambda: emitter.mine(1)]

    listener, incidents = _proxied(emitter, acts)
    assert _hashes(listener) == emitter.canonical(emitter.head())
    assert any(incident.event in ("behind", "failed") for incident in incidents)


def test_a_reorg_beyond_finality_stops_the_follower(emitter: Emitter) -> None:
    """Fifteen deep, where twelve are final."""
    with pytest.raises(ReorgBeyondFinality):
        _follow(_options(emitter.url), emitter, [*[lambda: emitter.mine(0)] * 20, lambda: emitter.replace(15, [])])


def test_restart_after_a_reorg_while_down(emitter: Emitter) -> None:
    """The unfinalised blocks of the first run are handed to the second."""
    first, _ = _follow(_options(emitter.url), emitter, [lambda: emitter.mine(1)] * 20)
    emitter.reorg(4, [1, 0, 2, 0])
    emitter.mine(1)
    known: list[BlockRef] = [block for block, _ in first.chain if block.number > first.final.number]

    async def run() -> None:
        async with ChainClient.open(_options(emitter.url), [FILTER]) as client, asyncio.timeout(20):
            async with aclosing(client.follow(known[-1], known)) as events:
                kinds = []
                async for event in events:
                    kinds.append(type(event))
                    first.take(event)
                    if first.chain[-1][0].number == emitter.head():
                        break
            assert kinds[:2] == [BlocksReverted, BlockAdded]

    asyncio.run(run())
    assert _hashes(first) == emitter.canonical(emitter.head())


def test_the_nodes_bloom_admits_every_log(emitter: Emitter) -> None:
    """Ours reads the node's bloom as the node wrote it, and denies what is not there."""
    emitter.mine(1)
    header = parse_header(emitter.rpc.call("eth_getBlockByNumber", "latest", False))
    assert header.bloom.bit_count() <= 6
    assert BloomProbe([FILTER]).may_hold(header.bloom)
    assert not BloomProbe([LogFilter((Address("0x" + "77" * 20),), (TOPIC,))]).may_hold(header.bloom)


def test_the_wrong_chain_and_a_dead_endpoint_are_told_at_start(emitter: Emitter) -> None:
    """Before anything else is started."""

    async def open_and_close(options: ChainOptions) -> None:
        async with ChainClient.open(options):
            pass

    with pytest.raises(ConfigError, match=r"id is 5, but http://127\.0\.0\.1:"):
        asyncio.run(open_and_close(_options(emitter.url, chain_id=5)))
    with pytest.raises(RpcUnavailable, match=r"http://127\.0\.0\.1:1"):
        asyncio.run(open_and_close(_options("http://127.0.0.1:1")))
