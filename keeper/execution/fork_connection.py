"""JSON-RPC to a local fork: one HTTP connection, no retries, because a fork that fails is replaced."""

import json
from collections.abc import Sequence
from typing import Self

import aiohttp

from keeper.domain.parse import hex_bytes
from keeper.errors import RpcError, RpcUnavailable
from keeper.execution.node import Answer, Json, result_of


class ForkConnection:
    """A `Node` over one address. An async context manager."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One call's result. Raises RpcError or RpcUnavailable."""
        return result_of(_answer(await self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})))

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> list[Answer]:
        """Answers in the order of the calls. anvil works on the calls of a batch at the same time: they must not depend on each other."""
        requests = [{"jsonrpc": "2.0", "id": place, "method": method, "params": params} for place, (method, params) in enumerate(calls)]
        responses = await self._post(requests)
        try:
            answers_by_id = {response["id"]: _answer(response) for response in responses}
            return [answers_by_id[place] for place in range(len(calls))]
        except (KeyError, TypeError) as error:
            raise RpcUnavailable(f"the fork answered a batch with {str(responses)[:80]!r}") from error

    async def _post(self, body: Json) -> Json:
        if self._session is None:
            raise RpcUnavailable("the connection to the fork is closed")
        try:
            async with self._session.post(self._url, data=json.dumps(body), headers={"Content-Type": "application/json"}) as response:
                return json.loads(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise RpcUnavailable(f"the fork at {self._url} did not answer: {error!r}") from error


def _answer(response: Json) -> Answer:
    if not isinstance(response, dict) or ("error" not in response and "result" not in response):
        raise RpcUnavailable(f"the fork answered {str(response)[:80]!r}")
    if "error" not in response:
        return response["result"]
    error = response["error"]
    payload = error.get("data")
    return RpcError(error.get("code", 0), str(error.get("message")), hex_bytes(payload) if isinstance(payload, str) else b"")
