"""One JSON-RPC endpoint over HTTP: requests, answers, and the error class of every failure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import orjson

from keeper.chain.batch_size import BatchSize
from keeper.chain.budget import Budget
from keeper.chain.clock import SystemClock
from keeper.chain.redaction import redact, scrub
from keeper.chain.refusals import RateLimited, SizeLimited, refusal
from keeper.domain.chain import Purpose, Tally, Usage
from keeper.domain.parse import hex_bytes
from keeper.errors import RpcError, RpcLimited, RpcUnavailable

Json: TypeAlias = Any
"""A decoded JSON value. Its users check what they need of it."""


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


class AnswerTooLarge(RpcUnavailable):
    """The answer is larger than the settings allow, or than any true answer could be."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, its body decompressed. `retry_after_s`: the pause the server asks for, where it does."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class Transport(Protocol):
    """The one seam to the network. Fakes replace this."""

    async def post(self, body: bytes) -> Reply:
        """Send one HTTP request. Raises RpcUnavailable (RpcTimeout) when there is no answer."""


class Endpoint:
    """One endpoint. Counts the HTTP requests sent to it and the calls inside them, and learns how many of both it takes."""

    def __init__(
        self, url: str, transport: Transport, max_calls_per_request: int, name: str | None = None, budget: Budget | None = None
    ) -> None:
        """`name` where the redacted address is not unique; `budget` where more is known of it than its refusals teach."""
        self.name = name or redact(url)
        self._url = url
        self._tallies = dict.fromkeys(Purpose, Tally())
        self._transport = transport
        self._batch = BatchSize(max_calls_per_request)
        self._next_id = 1
        self.budget = budget or Budget(SystemClock())

    def usage(self) -> Usage:
        """What was sent to it since start."""
        return Usage(**{purpose.value: tally for purpose, tally in self._tallies.items()})

    async def ask(self, calls: Sequence[RpcCall], purpose: Purpose = Purpose.READ) -> list[Answer]:
        """Answers in the order of the calls, in as few HTTP requests as the endpoint allows.

        A call's own JSON-RPC error is its answer. Raises RpcUnavailable (no answer, not JSON, wrong ids, an answer missing),
        RateLimited, and SizeLimited when the endpoint refuses a call for its size. A batch refused for its own size is sent in halves,
        and so are later ones for a while."""
        answers: list[Answer] = []
        while len(answers) < len(calls):
            batch = calls[len(answers) : len(answers) + self._batch.calls]
            try:
                answers += await self._request(batch, purpose)
            except _BatchRefused:
                if len(batch) == 1:
                    raise
                self._batch.record_refusal(len(batch))
            else:
                self._batch.record_success(len(batch))
        return answers

    async def _request(self, calls: Sequence[RpcCall], purpose: Purpose) -> list[Answer]:
        first_id = self._next_id
        self._next_id += len(calls)
        self._tallies[purpose] += Tally(1, len(calls))
        requests = [
            {"jsonrpc": "2.0", "id": first_id + place, "method": call.method, "params": call.params} for place, call in enumerate(calls)
        ]
        body = json.dumps(requests[0] if len(requests) == 1 else requests, separators=(",", ":")).encode()
        self.budget.spend()
        try:
            answers = self._in_order(await self._transport.post(body), first_id, len(calls))
        except RateLimited:
            self.budget.record_refusal()
            raise
        self.budget.record_answer()
        return answers

    def _responses(self, reply: Reply, expected: int) -> list[Json]:
        """The answer objects. A provider that refuses a batch answers it with a single error object."""
        if reply.body.count(b"{") + reply.body.count(b"[") > _FEW_CONTAINERS + len(reply.body) // _BYTES_PER_CONTAINER:
            # Made of nothing but brackets it would take seconds to parse and fifty times its size in memory.
            raise AnswerTooLarge(f"{self.name}: an answer of {len(reply.body)} bytes that are mostly brackets")
        try:
            document = orjson.loads(reply.body)
        except ValueError as error:
            raise self._non_json(reply) from error
        if isinstance(document, dict):
            if expected > 1 or document.get("id") is None:
                raise self._whole_refusal(document, reply)
            return [document]
        if not isinstance(document, list):
            raise self._non_json(reply)
        return document

    def _in_order(self, reply: Reply, first_id: int, expected: int) -> list[Answer]:
        responses = self._responses(reply, expected)
        answers_by_id: dict[int, Answer] = {}
        for response in responses:
            if not isinstance(response, dict) or not isinstance(response.get("id"), int):
                raise Untrustworthy(f"{self.name}: a batch member without id")
            answers_by_id[response["id"]] = self._answer(response, reply)
        if len(responses) != expected or any(first_id + place not in answers_by_id for place in range(expected)):
            raise Untrustworthy(f"{self.name}: {len(responses)} answers to {expected} calls, or with other ids")
        return [answers_by_id[first_id + place] for place in range(expected)]

    def _answer(self, response: Mapping[str, Json], reply: Reply) -> Answer:
        if response.get("error") is not None:
            error = self._error(response["error"])
            if isinstance(error, RateLimited):
                raise RateLimited(error.hint, reply.retry_after_s)
            if isinstance(error, SizeLimited):
                raise SizeLimited(error.hint, self.name)
            if isinstance(error, RpcLimited):
                raise error
            return error
        if "result" not in response:
            raise Untrustworthy(f"{self.name}: an answer with neither result nor error")
        return response["result"]

    def _error(self, error: Json) -> RpcError | RpcLimited:
        if not isinstance(error, dict):
            return refusal(0, scrub(str(error)[:_MAX_MESSAGE_CHARS], self._url))
        code = error.get("code")
        message = scrub(str(error.get("message", ""))[:_MAX_MESSAGE_CHARS], self._url)
        return refusal(code if isinstance(code, int) else 0, message, _payload(error.get("data")))

    def _whole_refusal(self, document: Mapping[str, Json], reply: Reply) -> Exception:
        if document.get("error") is None:
            return self._non_json(reply)
        error = self._error(document["error"])
        if isinstance(error, RateLimited):
            return RateLimited(error.hint, reply.retry_after_s)
        if isinstance(error, SizeLimited):
            return _BatchRefused(error.hint, self.name)
        return error if isinstance(error, RpcLimited) else RpcUnavailable(f"{self.name}: refused the request: {error}")

    def _non_json(self, reply: Reply) -> Exception:
        if reply.status == 429:
            return RateLimited(f"{self.name}: HTTP 429", reply.retry_after_s)
        if reply.status == 413:
            return _BatchRefused(f"{self.name}: HTTP 413, the request is too large", self.name)
        if reply.retry_after_s is not None:
            # 503 with Retry-After means the same as 429.
            return RateLimited(f"{self.name}: HTTP {reply.status}", reply.retry_after_s)
        # Scrubbed before it is cut: half a key is a secret, too.
        text = scrub(reply.body[:_MAX_MESSAGE_CHARS].decode(errors="replace").strip(), self._url)
        return RpcUnavailable(f"{self.name}: HTTP {reply.status}, not a JSON-RPC answer: {text[:60]!r}")


class _BatchRefused(SizeLimited):
    """The request itself is too large, not its answer."""


_MAX_MESSAGE_CHARS = 4_096
_FEW_CONTAINERS = 10_000
_BYTES_PER_CONTAINER = 24


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
