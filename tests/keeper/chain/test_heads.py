"""The websocket is a hint: it wakes, it never decides, and without it polling goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web

from keeper.chain.clock import SystemClock
from keeper.chain.heads import AnnouncedHeads, Hint, PolledHeads
from keeper.chain.incident import Incident
from keeper.domain.chain import Hash32
from tests.keeper.chain.fakes import FakeClock

Serve = Callable[[web.WebSocketResponse], Awaitable[None]]
INTERVAL_S = 0.05


def _hash(number: int) -> Hash32:
    return Hash32(f"0x{number:064x}")


def _announcement(number: int) -> str:
    head = {"number": hex(number), "hash": _hash(number)}
    return json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": "0x1", "result": head}})


@asynccontextmanager
async def _heads(
    serve: Serve, incidents: list[Incident], connections: list[str] | None = None, reconnect_s: float = 5.0
) -> AsyncIterator[AnnouncedHeads]:
    """Heads connected to a local socket server that runs `serve` after the subscription."""

    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        subscription = await socket.receive_str()
        (connections if connections is not None else []).append(subscription)
        await socket.send_str('{"jsonrpc":"2.0","id":1,"result":"0x1"}')
        await serve(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession() as session:
            url = str(site.name).replace("http", "ws")
            heads = AnnouncedHeads(session, url, SystemClock(), INTERVAL_S, incidents.append, reconnect_s)
            try:
                yield heads
            finally:
                await heads.close()
    finally:
        await runner.cleanup()


async def _silence(socket: web.WebSocketResponse) -> None:
    await asyncio.sleep(60)


def test_polling_waits_one_interval() -> None:
    """On the given clock."""

    async def run() -> FakeClock:
        clock = FakeClock()
        assert await PolledHeads(clock, 1.5).next(7) is None
        return clock

    assert asyncio.run(run()).sleeps == [1.5]


def test_the_newest_of_several_announcements_is_the_hint() -> None:
    """What piled up while the reader was busy is reduced to one."""

    async def serve(socket: web.WebSocketResponse) -> None:
        for number in (5, 6, 7):
            await socket.send_str(_announcement(number))
        await asyncio.sleep(60)

    async def run() -> None:
        connections: list[str] = []
        async with asyncio.timeout(5), _heads(serve, [], connections) as heads:
            assert await heads.next(4) is None  # a look right after connecting: who knows what was missed before
            await asyncio.sleep(0.02)
            assert await heads.next(4) == Hint(7, _hash(7))
            assert json.loads(connections[0])["params"] == ["newHeads"]

    asyncio.run(run())


def test_silence_falls_back_to_polling() -> None:
    """Every interval, on a socket that stays open; while no head is missed it is kept."""

    async def run() -> None:
        incidents: list[Incident] = []
        connections: list[str] = []
        async with asyncio.timeout(5), _heads(_silence, incidents, connections) as heads:
            assert [await heads.next(500) for _ in range(6)] == [None] * 6
        assert len(connections) == 1
        assert incidents == []

    asyncio.run(run())


def test_a_socket_that_misses_heads_is_given_up() -> None:
    """Connected but silent while polling found new blocks: dead or far behind."""

    async def run() -> None:
        incidents: list[Incident] = []
        async with asyncio.timeout(5), _heads(_silence, incidents) as heads:
            for seen in (9, 10, 11, 11, 12):
                assert await heads.next(seen) is None
        assert [incident.event for incident in incidents] == ["socket_lost"]
        assert "silent since block 10, the head is 12" in incidents[0].detail

    asyncio.run(run())


def test_a_closed_broken_or_refusing_socket_is_polling() -> None:
    """Whatever it says; and the address in the report has no secret."""

    async def close(socket: web.WebSocketResponse) -> None:
        await socket.close()

    async def nonsense(socket: web.WebSocketResponse) -> None:
        await socket.send_str("<html>")
        await asyncio.sleep(60)

    async def refusal(socket: web.WebSocketResponse) -> None:
        await socket.send_str('{"id":1,"error":{"code":-32601,"message":"no subscriptions"}}')
        await asyncio.sleep(60)

    async def half(socket: web.WebSocketResponse) -> None:
        await socket.send_str('{"method":"eth_subscription","params":{"result":{"number":"0x1"}}}')
        await asyncio.sleep(60)

    async def run(serve: Serve) -> None:
        incidents: list[Incident] = []
        async with asyncio.timeout(5), _heads(serve, incidents) as heads:
            assert [await heads.next(1) for _ in range(4)] == [None] * 4
        assert [incident.event for incident in incidents] == ["socket_lost"]

    for serve in (close, nonsense, refusal, half):
        asyncio.run(run(serve))


def test_no_socket_at_all_is_polling() -> None:
    """Connection refused: tried again only after a while, and one outage is one incident."""

    async def run() -> None:
        incidents: list[Incident] = []
        clock = FakeClock()
        async with aiohttp.ClientSession() as session:
            heads = AnnouncedHeads(session, "ws://127.0.0.1:1/key", clock, 1.0, incidents.append)
            assert [await heads.next(1) for _ in range(7)] == [None] * 7
            await heads.close()
        assert [incident.event for incident in incidents] == ["socket_lost"]
        assert "key" not in incidents[0].endpoint + incidents[0].detail

    asyncio.run(run())


def test_a_socket_that_announces_heads_again_is_one_incident() -> None:
    """A connection alone proves nothing; each further outage is told once more."""
    connections: list[str] = []

    async def serve(socket: web.WebSocketResponse) -> None:
        if len(connections) in (3, 5):
            await socket.send_str(_announcement(len(connections)))
            await asyncio.sleep(2 * INTERVAL_S)
        await socket.close()

    async def run() -> list[str]:
        incidents: list[Incident] = []
        async with asyncio.timeout(5), _heads(serve, incidents, connections, reconnect_s=0.0) as heads:
            while len(connections) < 6:
                await heads.next(len(connections))
        return [incident.event for incident in incidents]

    assert asyncio.run(run()) == ["socket_lost", "socket_recovered", "socket_lost", "socket_recovered", "socket_lost"]


def test_waiting_is_cancelled_at_once_and_the_socket_stays_usable() -> None:
    """The next announcement is not lost."""

    async def serve(socket: web.WebSocketResponse) -> None:
        await asyncio.sleep(0.02)
        await socket.send_str(_announcement(9))
        await asyncio.sleep(60)

    async def run() -> None:
        async with asyncio.timeout(5), _heads(serve, []) as heads:
            assert await heads.next(8) is None
            try:
                async with asyncio.timeout(0.001):
                    await heads.next(8)
            except TimeoutError:
                pass
            assert await heads.next(8) == Hint(9, _hash(9))

    asyncio.run(run())


@pytest.mark.parametrize("message", ["[]", '"x"', "5", "null", "[" * 100_000, '{"method":"eth_subscription","params":[]}', '{"method":5}'])
def test_odd_messages_are_a_lost_socket_or_nothing(message: str) -> None:
    """Never the end of whoever waits."""

    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.send_str(message)
        await asyncio.sleep(60)

    async def run() -> None:
        async with asyncio.timeout(5), _heads(serve, []) as heads:
            assert [await heads.next(1) for _ in range(3)] == [None] * 3

    asyncio.run(run())


def test_chatter_that_is_no_head_does_not_hold_up_the_polling() -> None:
    """A message every few milliseconds, none of them a head: the interval still ends."""

    async def serve(socket: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            while True:
                await socket.send_str('{"jsonrpc":"2.0","method":"keepalive"}')
                await asyncio.sleep(INTERVAL_S / 10)

    async def run() -> None:
        async with asyncio.timeout(5), _heads(serve, []) as heads:
            assert [await heads.next(1) for _ in range(4)] == [None] * 4

    asyncio.run(run())
