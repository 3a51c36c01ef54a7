"""One JSON-RPC endpoint over HTTP: what is sent, what may come back, and what every failure is called."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from keeper.chain.refusals import RateLimited, SizeLimited, refusal
from keeper.domain.parse import hex_bytes
from keeper.errors import RpcError, RpcLimited, RpcUnavailable

Json: TypeAlias = Any
"""A decoded JSON value. Whoever uses one checks what it needs while taking it apart."""


class RpcCall(NamedTuple):
    """One JSON-RPC call."""

    method: str
    params: Sequence[Json]


Answer: TypeAlias = Json | RpcError
"""The result of a call, or the error object it was answered with."""


class RpcTimeout(RpcUnavailable):
    """The endpoint did not answer in time."""


class Untrustworthy(RpcUnavailable):
    """The endpoint answered, but the answer contradicts the question, itself or the chain."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes


class Transport(Protocol):
    """The one seam to the network. Fakes replace this."""

    async def post(self, body: bytes) -> Reply:
        """Send one HTTP request. Raises RpcUnavailable (RpcTimeout) when there is no answer."""


class HttpTransport:
    """POST over a shared aiohttp session."""

    def __init__(self, session: aiohttp.ClientSession, url: str, timeout_s: float) -> None:
        self._session = session
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def post(self, body: bytes) -> Reply:
        """The only place that knows aiohttp's exceptions."""
        try:
            async with self._session.post(self._url, data=body, headers=_HEADERS, timeout=self._timeout) as response:
                return Reply(response.status, await response.read())
        except TimeoutError as error:
            raise RpcTimeout(f"{redacted(self._url)}: no answer in {self._timeout.total} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise RpcUnavailable(f"{redacted(self._url)}: {error!r}") from error


_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}


def redacted(url: str) -> str:
    """The address without path, query and password: those hold the API keys."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or '?'}{port}"


class Endpoint:
    """One endpoint. Counts the HTTP requests sent to it and the calls inside them."""

    def __init__(self, url: str, transport: Transport, max_calls_per_request: int) -> None:
        self.name = redacted(url)
        self.requests = 0
        self.calls = 0
        self._transport = transport
        self._most = max_calls_per_request
        self._next_id = 1

    async def ask(self, calls: Sequence[RpcCall]) -> list[Answer]:
        """Answers in the order of the calls, in as few HTTP requests as the endpoint allows.

        A call's own JSON-RPC error is its answer. Raises RpcUnavailable (no answer, not JSON, wrong ids, a member missing),
        RateLimited, and SizeLimited when the endpoint refuses the batch as a whole or a call for its size."""
        answers: list[Answer] = []
        for start in range(0, len(calls), self._most):
            answers += await self._request(calls[start : start + self._most])
        return answers

    async def _request(self, calls: Sequence[RpcCall]) -> list[Answer]:
        first_id = self._next_id
        self._next_id += len(calls)
        self.requests += 1
        self.calls += len(calls)
        members = [
            {"jsonrpc": "2.0", "id": first_id + place, "method": call.method, "params": call.params} for place, call in enumerate(calls)
        ]
        body = json.dumps(members[0] if len(members) == 1 else members, separators=(",", ":")).encode()
        reply = await self._transport.post(body)
        return self._in_order(self._members(reply, len(calls)), first_id, len(calls))

    def _members(self, reply: Reply, expected: int) -> list[Json]:
        """The answer objects. A provider that refuses a batch answers it with a single error object."""
        try:
            decoded = json.loads(reply.body)
        except ValueError as error:
            raise self._no_json(reply) from error
        if isinstance(decoded, dict):
            if expected > 1 or decoded.get("id") is None:
                raise self._refused_whole(decoded, reply)
            return [decoded]
        if not isinstance(decoded, list):
            raise self._no_json(reply)
        return decoded

    def _in_order(self, members: Sequence[Json], first_id: int, expected: int) -> list[Answer]:
        found: dict[int, Answer] = {}
        for member in members:
            if not isinstance(member, dict) or not isinstance(member.get("id"), int):
                raise Untrustworthy(f"{self.name}: a batch member without id")
            found[member["id"]] = self._answer(member)
        if len(members) != expected or any(first_id + place not in found for place in range(expected)):
            raise Untrustworthy(f"{self.name}: {len(members)} answers to {expected} calls, or with other ids")
        return [found[first_id + place] for place in range(expected)]

    def _answer(self, member: Mapping[str, Json]) -> Answer:
        if member.get("error") is not None:
            error = self._error(member["error"])
            if isinstance(error, RpcLimited):
                raise error
            return error
        if "result" not in member:
            raise Untrustworthy(f"{self.name}: an answer with neither result nor error")
        return member["result"]

    def _error(self, error: Json) -> RpcError | RpcLimited:
        if not isinstance(error, dict):
            return refusal(0, str(error))
        code = error.get("code")
        return refusal(code if isinstance(code, int) else 0, str(error.get("message", "")), _payload(error.get("data")))

    def _refused_whole(self, decoded: Mapping[str, Json], reply: Reply) -> Exception:
        if decoded.get("error") is None:
            return self._no_json(reply)
        error = self._error(decoded["error"])
        return error if isinstance(error, RpcLimited) else RpcUnavailable(f"{self.name}: refused the request: {error}")

    def _no_json(self, reply: Reply) -> Exception:
        if reply.status == 429:
            return RateLimited(f"{self.name}: HTTP 429")
        if reply.status == 413:
            return SizeLimited(f"{self.name}: HTTP 413, the request is too large")
        start = reply.body[:60].decode(errors="replace").strip()
        return RpcUnavailable(f"{self.name}: HTTP {reply.status}, not a JSON-RPC answer: {start!r}")


def _payload(data: Json) -> bytes:
    """The revert payload of an error's `data`: hex text, or an object that holds such text (some nodes nest it)."""
    if isinstance(data, dict):
        data = data.get("data", data.get("result"))
    if not isinstance(data, str):
        return b""
    try:
        return hex_bytes(data.removeprefix("Reverted "))
    except ValueError:
        return b""
