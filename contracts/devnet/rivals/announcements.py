"""What a node announces over its websocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from contracts.devnet.rpc import RpcUnavailable


@asynccontextmanager
async def announcements(url: str, topic: str) -> AsyncIterator[AsyncIterator[Any]]:
    """Subscribed while open: headers of "newHeads", or hashes of "newPendingTransactions", until the node ends. Raises RpcUnavailable
    where the node does not know the topic."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": [topic]}
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_json(request)
        answer = await socket.receive_json()
        if "result" not in answer:
            raise RpcUnavailable(f"{url} announces no {topic}: {answer}")
        yield _results(socket)


async def _results(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Any]:
    async for message in socket:
        yield json.loads(message.data)["params"]["result"]
