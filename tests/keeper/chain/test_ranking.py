"""The order of the endpoints: pauses they ask for, distrust, and heads that fall behind."""

import asyncio
from typing import Any

import pytest

from keeper.chain.header import parse_header
from keeper.chain.query import LATEST
from keeper.chain.refusals import RateLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Reply, RpcCall
from tests.keeper.chain.fakes import ECHO, ask, bench, first_answer, node, request_counts
from tests.keeper.chain.simulated import SimulatedNode


def test_a_frozen_endpoint_is_set_aside_until_it_catches_up() -> None:
    """HTTP 200, correct chain, and a head that does not move: only comparison shows it."""
    simulated = SimulatedNode()
    frozen = [simulated.chain]
    on = bench(lambda request: node(simulated.answer(frozen[0]))(request), lambda request: node(simulated.answer())(request))

    async def head() -> int:
        await on.pool.compare_heads()
        return await on.pool.ask([LATEST], lambda answers: parse_header(answers[0]).ref.number)

    simulated.mine([0] * 3)
    assert asyncio.run(head()) == 0  # three behind is within the allowance
    simulated.mine([0] * 3)
    assert asyncio.run(head()) == 6
    frozen[0] = simulated.chain
    before = len(on.transports[0].posts)
    assert asyncio.run(head()) == 6
    assert len(on.transports[0].posts) - before == 2
    assert [incident.event for incident in on.incidents] == ["behind", "caught_up"]


def test_a_throttled_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    """The other answers meanwhile."""
    throttled = [Reply(429, b"", 30.0)]
    on = bench(lambda request: throttled.pop() if throttled else ECHO(request), ECHO)

    async def run() -> list[int]:
        counts = []
        for seconds in (0.0, 10.0, 19.0, 2.0):
            on.clock.time += seconds
            await on.pool.compare_heads()
            assert await on.pool.ask([RpcCall("eth_x", [])], first_answer) == "eth_x"
            counts.append(len(on.transports[0].posts))
        return counts

    counts = asyncio.run(run())
    assert counts[:3] == [1, 1, 1]
    assert counts[3] > 1


def test_when_all_want_to_be_left_alone_a_little_is_waited_and_long_is_told() -> None:
    """No request is sent before its time."""
    replies = [Reply(429, b"", 3.0)]
    on = bench(lambda request: replies.pop() if replies else ECHO(request))
    assert ask(on) == "eth_x"
    assert on.clock.time == pytest.approx(3.0)
    replies.append(Reply(429, b"", 100.0))
    with pytest.raises(RateLimited, match=r"left alone, the first for \d+ s more"):
        ask(on)
    requests = request_counts(on)
    with pytest.raises(RateLimited):
        ask(on)
    assert request_counts(on) == requests


def test_all_endpoints_resting_are_waited_for_as_long_as_one_of_them_asks() -> None:
    """Also when a concurrent answer sends the first of them back to rest meanwhile: there is somebody to ask, or a clear refusal."""
    on = bench(ECHO, ECHO, retry=RetryOptions(retries=0, backoff_cap_s=30.0))

    async def run() -> Any:
        await on.pool.start()
        first, second = on.pool._ranking.members
        first.resting_until, second.resting_until = 5.0, 9.0
        sleep = on.clock.sleep

        async def rest_again(seconds: float) -> None:
            await sleep(seconds)
            if first.resting_until == 5.0:
                first.resting_until = 20.0

        on.clock.sleep = rest_again  # type: ignore[method-assign]
        return await on.pool.ask([RpcCall("eth_x", [])], first_answer)

    assert asyncio.run(run()) == "eth_x"
    assert on.clock.time == 9.0


def test_distrusted_endpoints_are_asked_last() -> None:
    """A contradiction found by comparing opinions counts as a failure."""
    on = bench(node(lambda method, params: "lie"), node(lambda method, params: "truth"))

    async def run() -> Any:
        for endpoint, value in await on.pool.opinions([RpcCall("eth_x", [])], first_answer):
            if value == "lie":
                on.pool.distrust(endpoint, "contradicts the others")
        return await on.pool.ask([RpcCall("eth_x", [])], first_answer)

    assert asyncio.run(run()) == "truth"


def test_a_second_look_starts_with_another_endpoint() -> None:
    """Where there is another."""
    on = bench(node(lambda method, params: "a"), node(lambda method, params: "b"))
    assert [ask(on, turn=0), ask(on, turn=1), ask(on, turn=2)] == ["a", "b", "a"]
    assert ask(bench(ECHO), turn=1) == "eth_x"


def test_a_distrusted_endpoints_head_is_no_measure() -> None:
    """A forged chain may be longer: the others are not behind it."""
    simulated, forged = SimulatedNode(), SimulatedNode(salt=1_000)
    simulated.mine([0] * 2)
    forged.mine([0] * 20)
    on = bench(node(forged.answer()), node(simulated.answer()))

    async def run() -> tuple[int, int]:
        first = await on.pool.compare_heads()
        on.pool.distrust(on.pool.endpoints()[0], "forged")
        return first, await on.pool.compare_heads(strict=True)

    assert asyncio.run(run()) == (20, 2)
