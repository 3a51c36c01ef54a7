"""The forks' way to the chain: an HTTP server on the loopback interface, in front of whichever endpoint works.

So a fork outlives the loss of an endpoint, every request it causes is counted, no address with a key stands on anvil's command line, and
both forks share what they fetch. Requests about the block a fork stands on are asked by that block's hash: a fork sees one block and no
other, whichever endpoint answers and whatever the chain does meanwhile."""

import asyncio
import json
import secrets
from typing import Self

from keeper.domain.chain import BlockRef
from keeper.errors import BlockUnknown, RpcError, RpcLimited, RpcUnavailable
from keeper.execution.fork_state import ForkState
from keeper.execution.node import Json, Node

_STATE_METHODS = ("eth_getStorageAt", "eth_getAccountInfo", "eth_getBalance", "eth_getTransactionCount", "eth_getCode")
_MOST_BYTES = 1 << 22
_NO_ANSWER = -32_000
_INVALID = -32_600


class Door:
    """One fork's address at the gateway, and the block it is shown.

    `failure` is what kept the chain from answering the fork since it was last cleared: the fork's own error does not tell."""

    def __init__(self, url: str, chain_id: int, node: Node, state: ForkState) -> None:
        self.url = url
        self.failure: BlockUnknown | RpcUnavailable | RpcLimited | None = None
        self._chain_id = chain_id
        self._node = node
        self._state = state
        self._block: BlockRef | None = None

    def clear(self) -> None:
        """Forget the last failure."""
        self.failure = None

    def show(self, block: BlockRef) -> None:
        """From now on the fork sees this block as the newest."""
        self._block = block

    async def fetch_ahead(self) -> str | None:
        """Fetch the state the fork will most likely need of its block; returns it as anvil_loadState takes it."""
        if self._block is None:
            return None
        await self._state.fetch_ahead(self._block)
        return self._state.dump(self._block.hash)

    async def answer(self, body: bytes) -> bytes:
        """The answer to a JSON-RPC request, errors included."""
        try:
            call = json.loads(body)
            call_id, method, parameters = json.dumps(call["id"]).encode(), str(call["method"]), list(call.get("params") or ())
        except (ValueError, KeyError, TypeError, RecursionError):
            return _error(b"null", _INVALID, "not a JSON-RPC call")
        try:
            result = await self._result(method, parameters)
        except RpcError as error:
            if isinstance(error, BlockUnknown):
                self.failure = error
            return _error(call_id, error.code, error.message)
        except (RpcUnavailable, RpcLimited) as error:
            self.failure = error
            return _error(call_id, _NO_ANSWER, str(error))
        return b'{"jsonrpc":"2.0","id":' + call_id + b',"result":' + result + b"}"

    async def _result(self, method: str, parameters: list[Json]) -> bytes:
        block = self._block
        if method == "eth_chainId":
            return json.dumps(hex(self._chain_id)).encode()
        if block is not None:
            here = ("latest", hex(block.number))
            if method == "eth_blockNumber":
                return json.dumps(hex(block.number)).encode()
            if method == "eth_getBlockByNumber" and parameters and parameters[0] in here:
                return await self._state.header(block.hash, bool(parameters[1:] and parameters[1]))
            if method in _STATE_METHODS and parameters and parameters[-1] in here:
                return await self._state.answer(block.hash, method, parameters[:-1])
        return json.dumps(await self._node.request(method, parameters)).encode()


class Gateway:
    """The server. An async context manager; `open_door` once per fork. `node` is asked for everything."""

    def __init__(self, node: Node, chain_id: int) -> None:
        self._node = node
        self._chain_id = chain_id
        self._state = ForkState(node)
        self._doors: dict[str, Door] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_MOST_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def open_door(self) -> Door:
        """An address that no other program on the machine can guess: requests to it use the provider's allowance."""
        assert self._server is not None
        path = "/" + secrets.token_urlsafe(16)
        port = self._server.sockets[0].getsockname()[1]
        door = self._doors[path] = Door(f"http://127.0.0.1:{port}{path}", self._chain_id, self._node, self._state)
        return door

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a fork. The server is asyncio's own and speaks just enough HTTP for a JSON-RPC client: a request costs a
        fifth of what it costs through a web framework, and a settlement makes hundreds."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The fork has hung up, or the client is no fork.
            return
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is to be closed."""
        head = await reader.readuntil(b"\r\n\r\n")
        request, *headers = head.decode("latin-1").split("\r\n")
        method, path, _ = request.split(" ", 2)
        fields = dict(_field(line) for line in headers if line)
        length = int(fields.get("content-length", "0"))
        door = self._doors.get(path)
        if method != "POST" or door is None or not 0 < length <= _MOST_BYTES:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        answer = await door.answer(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        await writer.drain()
        return True


def _field(line: str) -> tuple[str, str]:
    name, value = line.split(":", 1)
    return name.strip().lower(), value.strip()


def _error(call_id: bytes, code: int, message: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":' + call_id + b',"error":' + json.dumps({"code": code, "message": message}).encode() + b"}"
