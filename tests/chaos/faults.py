"""The faults of an endpoint, one class each. All of them were seen at real providers, or are what a dishonest one would do."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias

from aiohttp import web
from eth_utils.crypto import keccak

from tests.chaos.proxy import Call, Cut, Fault, Line

Lie: TypeAlias = Callable[[Call, Any], Any]
"""Gets the call and the true result, returns what is said instead."""


class Refuse(Fault):
    """Connections are refused."""

    async def begin(self, line: Line) -> None:
        await line.refuse()

    async def end(self, line: Line) -> None:
        await line.listen()


class Hang(Fault):
    """The request is taken, and nothing ever comes."""

    async def reply(self, calls: Sequence[Call], line: Line) -> web.StreamResponse | None:
        await asyncio.sleep(3600)
        return None

    def announced(self, text: str) -> Sequence[str]:
        return [] if not self.methods else [text]

    async def end(self, line: Line) -> None:
        line.reset()


class Slow(Fault):
    """Each answer takes its time."""

    def __init__(self, *methods: str, seconds: float, share: float = 1.0) -> None:
        super().__init__(*methods, share=share)
        self._seconds = seconds

    async def reply(self, calls: Sequence[Call], line: Line) -> web.StreamResponse | None:
        await asyncio.sleep(self._seconds)
        return None


class Status(Fault):
    """An HTTP error instead of an answer: 429 with Retry-After, 502 with a page of HTML."""

    def __init__(self, *methods: str, status: int, headers: dict[str, str] | None = None, text: str = "", share: float = 1.0) -> None:
        super().__init__(*methods, share=share)
        self._status, self._headers, self._text = status, headers or {}, text

    async def reply(self, calls: Sequence[Call], line: Line) -> web.StreamResponse | None:
        return web.Response(status=self._status, headers=self._headers, text=self._text, content_type="text/html")


class Rate(Fault):
    """No more than `per_second` requests; the others get 429 with Retry-After. Who asks on while it is closed closes it anew."""

    def __init__(self, per_second: float, retry_after_s: int = 1) -> None:
        super().__init__()
        self._per_second, self._retry_after_s = per_second, retry_after_s
        self._allowance, self._at = per_second, time.monotonic()
        self.refused = 0

    async def reply(self, calls: Sequence[Call], line: Line) -> web.StreamResponse | None:
        now = time.monotonic()
        self._allowance = min(self._per_second, self._allowance + (now - self._at) * self._per_second)
        self._at = now
        if self._allowance >= 1:
            self._allowance -= 1
            return None
        self.refused += 1
        return web.Response(status=429, headers={"Retry-After": str(self._retry_after_s)}, text="slow down")


class Refusal(Fault):
    """A JSON-RPC error object in the place of a result."""

    def __init__(self, *methods: str, code: int, message: str, share: float = 1.0, times: int | None = None) -> None:
        super().__init__(*methods, share=share)
        self._error = {"code": code, "message": message}
        self._left = times

    async def forward(self, call: Call, line: Line) -> Call | dict[str, Any]:
        if self._left is not None:
            if self._left == 0:
                return call
            self._left -= 1
        return {"error": self._error}


class WrongIds(Fault):
    """Answers to questions nobody asked."""

    def body(self, body: bytes) -> bytes | web.StreamResponse:
        answer = json.loads(body)
        for item in answer if isinstance(answer, list) else [answer]:
            item["id"] = 987_654_321
        return json.dumps(answer).encode()


class Truncated(Fault):
    """JSON that stops in the middle."""

    def body(self, body: bytes) -> bytes | web.StreamResponse:
        return body[: len(body) // 2]


class Reset(Fault):
    """The connection is reset in the middle of the body."""

    def body(self, body: bytes) -> bytes | web.StreamResponse:
        raise Cut(body[: len(body) // 2])


class Giant(Fault):
    """An answer of `size` bytes; as `gzipped` it is small on the wire."""

    def __init__(self, *methods: str, size: int = 200_000_000, gzipped: bool = False, share: float = 1.0) -> None:
        super().__init__(*methods, share=share)
        whole = b'[{"jsonrpc":"2.0","id":1,"result":"0x' + b"0" * size + b'"}]'
        self._headers = {"Content-Encoding": "gzip"} if gzipped else {}
        self._body = gzip.compress(whole, 1) if gzipped else whole

    async def reply(self, calls: Sequence[Call], line: Line) -> web.StreamResponse | None:
        return web.Response(body=self._body, headers=self._headers, content_type="application/json")


class Lies(Fault):
    """Results are changed by a function."""

    def __init__(self, *methods: str, lie: Lie, share: float = 1.0) -> None:
        super().__init__(*methods, share=share)
        self._lie = lie

    async def answer(self, call: Call, fields: dict[str, Any], line: Line) -> dict[str, Any]:
        return {"result": self._lie(call, fields["result"])} if "result" in fields else fields


class Swallow(Fault):
    """Transactions are accepted, with their hash, and go nowhere."""

    def __init__(self, share: float = 1.0) -> None:
        super().__init__("eth_sendRawTransaction", share=share)

    async def forward(self, call: Call, line: Line) -> Call | dict[str, Any]:
        return {"result": "0x" + keccak(bytes.fromhex(call.params[0][2:])).hex()}


class Deaf(Fault):
    """The websocket stays open and says nothing; HTTP is well."""

    def announced(self, text: str) -> Sequence[str]:
        return []


class Flood(Fault):
    """Every announcement many times over, with garbage in between."""

    def __init__(self, times: int = 300) -> None:
        super().__init__()
        self._times = times

    def announced(self, text: str) -> Sequence[str]:
        return [text] * self._times


class Stammer(Fault):
    """The same old announcement again and again instead of the new ones."""

    def __init__(self) -> None:
        super().__init__()
        self._first: str | None = None

    def announced(self, text: str) -> Sequence[str]:
        if "eth_subscription" not in text:
            return [text]
        self._first = self._first or text
        return [self._first]


class Garbage(Fault):
    """The websocket talks nonsense."""

    def announced(self, text: str) -> Sequence[str]:
        return ["{nonsense", '{"method": "eth_subscription", "params": null}']


class Elsewhere(Fault):
    """The endpoint serves another node: a forged chain, or one on another fork."""

    def __init__(self, url: str, ws_url: str) -> None:
        super().__init__()
        self._other = (url, ws_url)
        self._own = ("", "")

    async def begin(self, line: Line) -> None:
        self._own = (line.node_url, line.node_ws_url)
        line.node_url, line.node_ws_url = self._other
        line.reset()

    async def end(self, line: Line) -> None:
        line.node_url, line.node_ws_url = self._own
        line.reset()


class Frozen(Fault):
    """The head stands still: everything is answered as of then, transactions are accepted and go nowhere, no head is announced."""

    _STATE = frozenset({"eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount", "eth_estimateGas", "eth_getStorageAt"})
    _UNKNOWN: ClassVar[dict[str, Any]] = {"error": {"code": -32_001, "message": "Resource not found"}}

    def __init__(self, back: int = 0) -> None:
        super().__init__()
        self._back = back
        self._head = 0

    async def begin(self, line: Line) -> None:
        self._head = int(await line.ask("eth_blockNumber"), 16) - self._back

    async def forward(self, call: Call, line: Line) -> Call | dict[str, Any]:
        match call.method:
            case "eth_blockNumber":
                return {"result": hex(self._head)}
            case "eth_sendRawTransaction":
                return {"result": "0x" + keccak(bytes.fromhex(call.params[0][2:])).hex()}
            case "eth_getBlockByNumber" | "eth_getBlockReceipts":
                return await self._at(call, 0, line, {"result": None})
            case "eth_getLogs":
                return await self._logs(call, line)
            case method if method in self._STATE:
                place = 2 if method == "eth_getStorageAt" else 1
                return await self._at(call, place, line, self._UNKNOWN)
        return call

    async def answer(self, call: Call, fields: dict[str, Any], line: Line) -> dict[str, Any]:
        """Receipts, transactions and blocks by hash that are newer are not known yet."""
        result = fields.get("result")
        if isinstance(result, dict):
            number = result.get("blockNumber") or (result.get("number") if call.method == "eth_getBlockByHash" else None)
            if isinstance(number, str) and int(number, 16) > self._head:
                return {"result": None}
        return fields

    def announced(self, text: str) -> Sequence[str]:
        return [] if "eth_subscription" in text else [text]

    async def _at(self, call: Call, place: int, line: Line, unknown: dict[str, Any]) -> Call | dict[str, Any]:
        params = [*call.params, *["latest"] * (place + 1 - len(call.params))]
        where = params[place]
        if where in ("latest", "pending"):
            params[place] = hex(self._head)
        elif await self._newer(where, line):
            return unknown
        return Call(call.id, call.method, params)

    async def _newer(self, where: Any, line: Line) -> bool:
        where = where.get("blockHash") if isinstance(where, dict) else where
        if not isinstance(where, str) or not where.startswith("0x"):
            return False
        if len(where) < 66:
            return int(where, 16) > self._head
        block = await line.ask("eth_getBlockByHash", where, False)
        return block is None or int(block["number"], 16) > self._head

    async def _logs(self, call: Call, line: Line) -> Call | dict[str, Any]:
        filters = dict(call.params[0])
        if "blockHash" in filters:
            return self._UNKNOWN if await self._newer(filters["blockHash"], line) else call
        first, last = (self._number(filters.get(key, "latest")) for key in ("fromBlock", "toBlock"))
        if first > self._head:
            return {"result": []}
        return Call(call.id, call.method, [filters | {"fromBlock": hex(first), "toBlock": hex(min(last, self._head))}])

    def _number(self, tag: str) -> int:
        return int(tag, 16) if tag.startswith("0x") else self._head


class LateLogs(Fault):
    """For a while after a block its logs are not there yet: an index that lags behind the head."""

    def __init__(self, seconds: float) -> None:
        super().__init__("eth_getLogs")
        self._seconds = seconds
        self._seen: dict[str, float] = {}

    async def answer(self, call: Call, fields: dict[str, Any], line: Line) -> dict[str, Any]:
        logs = fields.get("result")
        if not isinstance(logs, list):
            return fields
        now = time.monotonic()
        return {"result": [log for log in logs if now - self._seen.setdefault(log["blockHash"], now) > self._seconds]}
