"""The network and the clock, scripted."""

import asyncio
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from keeper.chain.budget import Budget
from keeper.chain.header import parse_header
from keeper.chain.heads import Hint
from keeper.chain.incident import Incident
from keeper.chain.pool import Pool
from keeper.chain.proof import Proofs
from keeper.chain.query import LATEST
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint, Reply, RpcCall
from keeper.errors import RpcError
from tests.keeper.chain.simulated import SimulatedNode

CHAIN_ID = 31_337


class FakeClock:
    """Time passes only by sleeping, and at once."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1_700_000_000 + self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.sleeps.append(seconds)
        await asyncio.sleep(0)


class ScriptedTransport:
    """Hands the decoded request to `handler`, which returns what the node would answer: any JSON, a Reply, an error to raise, or an
    awaitable to wait for first."""

    def __init__(self, handler: Callable[[Any], Any]) -> None:
        self._handler = handler
        self.posts: list[Any] = []

    async def post(self, body: bytes) -> Reply:
        request = json.loads(body)
        self.posts.append(request)
        await asyncio.sleep(0)
        answer = self._handler(request)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode())


def node(answer: Callable[[str, Sequence[Any]], Any]) -> Callable[[Any], Any]:
    """A handler that answers each call with `answer(method, params)`; a returned RpcError becomes the call's error object."""

    def member(call: Any) -> Any:
        result = CHAIN_ID_HEX if call["method"] == "eth_chainId" else answer(call["method"], call["params"])
        if isinstance(result, RpcError):
            error = {"code": result.code, "message": result.message, "data": "0x" + result.data.hex()}
            return {"jsonrpc": "2.0", "id": call["id"], "error": error}
        return {"jsonrpc": "2.0", "id": call["id"], "result": result}

    def handler(request: Any) -> Any:
        return [member(call) for call in request] if isinstance(request, list) else member(request)

    return handler


CHAIN_ID_HEX = hex(CHAIN_ID)


@dataclass
class Bench:
    """A pool over scripted transports, with what it reported."""

    pool: Pool
    clock: FakeClock
    transports: list[ScriptedTransport]
    incidents: list[Incident] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def report(self, part: str, problem: str | None) -> None:
        """Keep what stands, as the daemon does."""
        if problem is None:
            self.problems.pop(part, None)
        else:
            self.problems[part] = problem

    def proofs(self, *, headers: bool = False, receipts: bool = False) -> Proofs:
        """What may be asked to be proven; a scripted chain's headers hash to nothing."""
        return Proofs(self.pool, self.incidents.append, headers=headers, receipts=receipts)


def bench(*handlers: Callable[[Any], Any], retry: RetryOptions | None = None, per_request: int = 100, per_second: float = 0.0) -> Bench:
    """One endpoint per handler, named http://a, http://b, ..."""
    clock = FakeClock()
    transports = [ScriptedTransport(handler) for handler in handlers]
    endpoints = [
        Endpoint(f"http://{chr(97 + place)}", transport, per_request, budget=Budget(clock, per_second))
        for place, transport in enumerate(transports)
    ]
    incidents: list[Incident] = []
    problems: dict[str, str] = {}

    def report(part: str, problem: str | None) -> None:
        on.report(part, problem)

    pool = Pool(endpoints, CHAIN_ID, retry or RetryOptions(), clock, lambda: 0.5, incidents.append, report)
    on = Bench(pool, clock, transports, incidents, problems)
    return on


class StopFollowing(Exception):
    """Ends a follower in a test: there will be no further head."""


class ScriptedHeads:
    """Gives the hints of a list, each made when it is due; then ends the follower."""

    def __init__(self, hints: Sequence[Callable[[], Hint | None]]) -> None:
        self._hints = list(hints)

    async def next(self, tip_number: int) -> Hint | None:
        await asyncio.sleep(0)
        if not self._hints:
            raise StopFollowing
        return self._hints.pop(0)()

    async def close(self) -> None:
        return None


HTML = Reply(200, b"<html></html>")
ECHO = node(lambda method, params: method)
INTERNAL = RpcError(-32_603, "internal error")
FAST = RetryOptions(hedge_floor_s=0.02, hedge_cap_s=0.1, probe_timeout_s=0.2, probe_pause_s=0.0)


def first_answer(answers: Any) -> Any:
    if isinstance(answers[0], RpcError):
        raise answers[0]
    return answers[0]


def ask(on: Bench, method: str = "eth_x", **how: Any) -> Any:
    return asyncio.run(on.pool.ask([RpcCall(method, [])], first_answer, **how))


def request_counts(on: Bench) -> list[int]:
    return [len(transport.posts) for transport in on.transports]


class Hanging:
    """A node that answers after `delay_s`; `open` counts the requests under way."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.open = 0
        self._sound = node(SimulatedNode().answer())

    async def __call__(self, request: Any) -> Any:
        self.open += 1
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.open -= 1
        return self._sound(request)


async def head_number(on: Bench) -> int:
    return await on.pool.ask([LATEST], lambda answers: parse_header(answers[0]).ref.number)
