"""A node, or a price service, that misbehaves on demand: JSON-RPC, `newHeads` and Hermes between the daemon and the real one, with faults
put in and taken out while both run (after foundry's crates/anvil/tests/it/fork.rs). What the faults are: faults.py."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from aiohttp import web

_REQUEST_BYTES = 1 << 28
_ACTION_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a request."""

    id: Any
    method: str
    params: list[Any]


class Cut(Exception):
    """The connection is to be reset, after `body` was sent of an answer that announces more."""

    def __init__(self, body: bytes) -> None:
        super().__init__("connection reset")
        self.body = body


class Fault:
    """What may go wrong at an endpoint. Every hook does nothing here; a fault overrides those it needs.

    `methods` are the calls it strikes (none: all of them), `share` the part of the requests."""

    def __init__(self, *methods: str, share: float = 1.0) -> None:
        self.methods = frozenset(methods)
        self.share = share

    def strikes(self, call: Call, chance: random.Random) -> bool:
        """Whether this call is struck."""
        return (not self.methods or call.method in self.methods) and chance.random() < self.share

    async def begin(self, line: Line) -> None:
        """The fault is put in."""

    async def end(self, line: Line) -> None:
        """The fault is taken out."""

    async def reply(self, calls: Sequence[Call], line: Line) -> web.StreamResponse | None:
        """An HTTP answer in place of the node's, when one of the calls is struck. Raises Cut."""
        return None

    async def forward(self, call: Call, line: Line) -> Call | dict[str, Any]:
        """The call the node gets instead, or at once the fields of its answer ("result" or "error")."""
        return call

    async def answer(self, call: Call, fields: dict[str, Any], line: Line) -> dict[str, Any]:
        """The fields of the answer the daemon gets instead of these."""
        return fields

    def body(self, body: bytes) -> bytes | web.StreamResponse:
        """The whole answer as the daemon gets it. Raises Cut."""
        return body

    def announced(self, text: str) -> Sequence[str]:
        """What the daemon's websocket gets instead of this message."""
        return [text]


class Line:
    """One endpoint: its address, its faults, and what was asked of it. A context manager; the server runs in a thread of its own."""

    def __init__(self, url: str, ws_url: str, seed: int = 1) -> None:
        self.node_url = url
        self.node_ws_url = ws_url
        self.port = 0
        self.chance = random.Random(seed)
        self.requests: dict[str, int] = {}
        self._faults: list[Fault] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def url(self) -> str:
        """Where the daemon asks."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where the daemon listens for heads."""
        return f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def put(self, fault: Fault) -> None:
        """From now on."""
        self._do(self._put(fault))

    def take(self, fault: Fault) -> None:
        """No longer."""
        self._do(self._take(fault))

    def heal(self) -> None:
        """Every fault is taken out."""
        for fault in list(self._faults):
            self.take(fault)

    @contextmanager
    def under(self, *faults: Fault) -> Iterator[None]:
        """While the context is open."""
        for fault in faults:
            self.put(fault)
        try:
            yield
        finally:
            for fault in faults:
                self.take(fault)

    async def ask(self, method: str, *params: Any) -> Any:
        """The node's own result; None where it says no. For faults."""
        return (await self._ask_node([Call(1, method, list(params))]))[0].get("result")

    async def listen(self) -> None:
        """Accept connections (again, at the same port)."""
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await self._site.start()
        self.port = self.port or int(self._runner.addresses[0][1])

    async def refuse(self) -> None:
        """Accept none, and reset those there are."""
        assert self._runner is not None
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.reset()

    def reset(self) -> None:
        """Reset every connection there is."""
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def _do(self, action: Awaitable[None]) -> None:
        async def acted() -> None:
            await action

        asyncio.run_coroutine_threadsafe(acted(), self._loop).result(_ACTION_SECONDS)

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        app = web.Application(client_max_size=_REQUEST_BYTES)
        app.router.add_post("/{any:.*}", self._handle)
        app.router.add_get("/{any:.*}", self._announce)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await self.listen()

    async def _close(self) -> None:
        assert self._runner is not None
        assert self._session is not None
        self.reset()
        await self._runner.cleanup()
        await self._session.close()

    async def _put(self, fault: Fault) -> None:
        await fault.begin(self)
        self._faults.append(fault)

    async def _take(self, fault: Fault) -> None:
        self._faults.remove(fault)
        await fault.end(self)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answered(request)
        except Cut as cut:
            return await _cut(request, cut.body)
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=f"the node is gone: {error!r}")

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        questions = json.loads(await request.read())
        calls = [
            Call(item["id"], item["method"], item.get("params", [])) for item in (questions if isinstance(questions, list) else [questions])
        ]
        for call in calls:
            self.requests[call.method] = self.requests.get(call.method, 0) + 1
        faults = list(self._faults)
        for fault in faults:
            if any(fault.strikes(call, self.chance) for call in calls):
                replied = await fault.reply(calls, self)
                if replied is not None:
                    return replied
        answers = await self._answers(calls, faults)
        body: bytes | web.StreamResponse = json.dumps(answers if isinstance(questions, list) else answers[0]).encode()
        for fault in faults:
            if isinstance(body, bytes) and any(fault.strikes(call, self.chance) for call in calls):
                body = fault.body(body)
        return web.Response(body=body, content_type="application/json") if isinstance(body, bytes) else body

    async def _answers(self, calls: Sequence[Call], faults: Sequence[Fault]) -> list[dict[str, Any]]:
        ready: dict[int, dict[str, Any]] = {}
        passed: dict[int, Call] = {}
        for place, call in enumerate(calls):
            now: Call | dict[str, Any] = call
            for fault in faults:
                if isinstance(now, Call) and fault.strikes(now, self.chance):
                    now = await fault.forward(now, self)
            if isinstance(now, Call):
                passed[place] = now
            else:
                ready[place] = now
        replies = await self._ask_node(list(passed.values())) if passed else []
        ready |= dict(zip(passed, replies, strict=True))
        answers = []
        for place, call in enumerate(calls):
            fields = ready[place]
            for fault in faults:
                if fault.strikes(call, self.chance):
                    fields = await fault.answer(call, fields, self)
            answers.append({"jsonrpc": "2.0", "id": call.id} | fields)
        return answers

    async def _ask_node(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """The fields of the node's answers, in the order of the calls."""
        assert self._session is not None
        body = [{"jsonrpc": "2.0", "id": place, "method": call.method, "params": call.params} for place, call in enumerate(calls)]
        async with self._session.post(self.node_url, json=body) as response:
            answers = {item["id"]: item for item in await response.json()}
        return [{key: answers[place][key] for key in ("result", "error") if key in answers[place]} for place in range(len(calls))]

    async def _announce(self, request: web.Request) -> web.StreamResponse:
        """The daemon's websocket, both ways; another GET is a price service's."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await self._relay(request)
        assert self._session is not None
        ours = web.WebSocketResponse()
        await ours.prepare(request)
        self._sockets.add(ours)
        try:
            async with self._session.ws_connect(self.node_ws_url) as node:
                upward = asyncio.ensure_future(self._pump_up(ours, node))
                try:
                    async for message in node:
                        if message.type is aiohttp.WSMsgType.TEXT:
                            for text in self._announced(message.data):
                                await ours.send_str(text)
                finally:
                    upward.cancel()
        except (aiohttp.ClientError, ConnectionError):
            pass
        finally:
            self._sockets.discard(ours)
        return ours

    async def _relay(self, request: web.Request) -> web.StreamResponse:
        """What is asked by GET, with its answer as it comes: a stream has no end. Faults know it as a call by its path."""
        assert self._session is not None
        call = Call(None, request.path, [])
        self.requests[call.method] = self.requests.get(call.method, 0) + 1
        for fault in self._faults:
            replied = await fault.reply([call], self) if fault.strikes(call, self.chance) else None
            if replied is not None:
                return replied
        try:
            async with self._session.get(self.node_url + request.path_qs) as answer:
                response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.headers.get("Content-Type", "")})
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response
        except (aiohttp.ClientError, ConnectionError) as error:
            return web.Response(status=502, text=f"the price service is gone: {error!r}")

    def _announced(self, text: str) -> Sequence[str]:
        texts: Sequence[str] = [text]
        for fault in self._faults:
            texts = [message for each in texts for message in fault.announced(each)]
        return texts

    @staticmethod
    async def _pump_up(ours: web.WebSocketResponse, node: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ours:
            if message.type is aiohttp.WSMsgType.TEXT:
                await node.send_str(message.data)
        await node.close()


async def _cut(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(2 * len(body) + 2)})
    await response.prepare(request)
    await response.write(body)
    if request.transport is not None:
        request.transport.abort()
    return response
