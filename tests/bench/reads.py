"""(d) The same contract views of all accounts at one block: Multicall3, one JSON-RPC batch, one request per call. On anvil, next door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from keeper.chain.chain import ChainClient, ChainOptions
from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, CallResult, Reads
from keeper.domain.chain_view import ChainView
from keeper.domain.parse import address, hex_bytes
from tests.bench.rounds import Compared, alternate, scaled
from tests.chaos.harness import Harness

_Ask = Callable[[], Awaitable[Sequence[ChainView]]]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to ask, and the client whose requests it costs."""

    client: ChainClient
    ask: _Ask


def reads(stage: Harness, rounds: int = 15) -> Sequence[Compared]:
    """Milliseconds and HTTP requests. RuntimeError when the three ways bring different answers."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            ways = runner.run(_ways(stage, stack))
            requests = {name: runner.run(_requests(way)) for name, way in ways.items()}
            if len({answer for answer, _ in requests.values()}) != 1:
                raise RuntimeError("multicall, batch and single calls bring different answers")
            seconds = alternate({name: lambda way=way: runner.run(_asked(way)) for name, way in ways.items()}, rounds)  # type: ignore[misc]
        finally:
            runner.run(stack.aclose())
    return _compared(seconds, {name: count for name, (_, count) in requests.items()}, len(stage.devnet.deployment.traders))


def _compared(seconds: Mapping[str, tuple[float, ...]], requests: Mapping[str, int], accounts: int) -> Sequence[Compared]:
    question = f"contract views of {accounts} accounts"
    rows = []
    for name, baseline in (("multicall", "single eth_calls"), ("batch", "single eth_calls"), ("multicall", "batch")):
        rows.append(Compared(question, name, baseline, "ms", scaled(seconds[name], 1e3), scaled(seconds[baseline], 1e3)))
        counts = (float(requests[name]),), (float(requests[baseline]),)
        rows.append(Compared(question, name, baseline, "requests", *counts, "HTTP; the same in every round"))
    return rows


async def _ways(stage: Harness, stack: AsyncExitStack) -> Mapping[str, _Way]:
    chain_settings, venue = stage.scope.chain, stage.venue
    keys = [AccountKey(address(trader.address)) for trader in stage.devnet.deployment.traders]
    plain = ChainOptions(chain_id=chain_settings.id, rpc_urls=chain_settings.rpc_urls, max_calls_per_request=1_000)
    bundled = ChainOptions(chain_id=chain_settings.id, rpc_urls=chain_settings.rpc_urls, multicall=chain_settings.multicall)
    batching, singly, multicall = [await stack.enter_async_context(ChainClient.open(options)) for options in (plain, plain, bundled)]
    head = await batching.head()
    return {
        "multicall": _Way(multicall, lambda: multicall.run(venue.chain_views(keys), head)),
        "batch": _Way(batching, lambda: batching.run(venue.chain_views(keys), head)),
        "single eth_calls": _Way(singly, lambda: _one_by_one(singly, venue.chain_views(keys), head)),
    }


async def _one_by_one(client: ChainClient, question: Reads[Sequence[ChainView]], block: BlockRef) -> Sequence[ChainView]:
    """As a program without batches asks: a request, its answer, the next request."""
    try:
        calls = next(question)
        while True:
            where = {"blockHash": block.hash}
            answers = [await client.request("eth_call", [{"to": call.to, "data": "0x" + call.data.hex()}, where]) for call in calls]
            calls = question.send([CallResult(True, hex_bytes(answer)) for answer in answers])
    except StopIteration as stop:
        views: Sequence[ChainView] = stop.value
        return views


async def _requests(way: _Way) -> tuple[tuple[ChainView, ...], int]:
    before = way.client.usage().following.requests
    answer = tuple(await way.ask())
    return answer, way.client.usage().following.requests - before


async def _asked(way: _Way) -> Sequence[ChainView]:
    return await way.ask()
