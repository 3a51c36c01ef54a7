"""Failover, freshness and distrust."""

import asyncio
from typing import Any

import pytest

from keeper.chain.header import by_number, parse_header
from keeper.chain.pool import LATEST, RetryOptions
from keeper.chain.refusals import RateLimited, SizeLimited
from keeper.chain.rpc import Reply, RpcCall, RpcTimeout
from keeper.domain.chain import Usage
from keeper.errors import BlockUnknown, ConfigError, RpcError, RpcUnavailable
from tests.keeper.chain.fakes import Bench, bench, node
from tests.keeper.chain.simulated import SimulatedNode

HTML = Reply(200, b"<html></html>")
ECHO = node(lambda method, params: method)


def _first(answers: Any) -> Any:
    if isinstance(answers[0], RpcError):
        raise answers[0]
    return answers[0]


def _ask(on: Bench, method: str = "eth_x", **how: Any) -> Any:
    return asyncio.run(on.pool.ask([RpcCall(method, [])], _first, **how))


def _counts(on: Bench) -> list[int]:
    return [len(transport.posts) for transport in on.transports]


def test_without_endpoints_there_is_no_pool() -> None:
    """The message says which key to mend."""
    with pytest.raises(ConfigError, match="rpc_urls"):
        bench()


def test_the_first_endpoint_answers_while_it_works() -> None:
    """The second costs nothing: one request proves the first's chain id, one asks."""
    on = bench(ECHO, ECHO)
    assert _ask(on) == "eth_x"
    assert _counts(on) == [2, 0]
    assert on.pool.usage() == Usage(2, 2)


@pytest.mark.parametrize("broken", [HTML, RpcUnavailable("refused"), RpcTimeout("slow"), Reply(429, b"")])
def test_a_failing_endpoint_is_replaced_at_once_and_asked_last_from_then_on(broken: Any) -> None:
    """No pause while another endpoint works, and no second wait for the one that failed."""
    on = bench(lambda _: broken, ECHO)
    assert [_ask(on), _ask(on)] == ["eth_x", "eth_x"]
    assert _counts(on) == [1, 3]
    assert on.clock.sleeps == []
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_a_survey_brings_a_recovered_endpoint_back() -> None:
    """And says so."""
    simulated = SimulatedNode()
    working = node(simulated.answer())
    failing = [HTML]
    on = bench(lambda request: failing.pop() if failing else working(request), working)

    async def run() -> int:
        await on.pool.ask([LATEST], _first)
        await on.pool.survey()
        before = len(on.transports[0].posts)
        await on.pool.ask([LATEST], _first)
        return len(on.transports[0].posts) - before

    assert asyncio.run(run()) == 1
    assert [incident.event for incident in on.incidents] == ["failed", "recovered"]


def test_a_frozen_endpoint_is_set_aside_until_it_catches_up() -> None:
    """HTTP 200, correct chain, and a head that does not move: only comparison shows it."""
    simulated = SimulatedNode()
    frozen = [simulated.chain]
    on = bench(lambda request: node(simulated.answer(frozen[0]))(request), lambda request: node(simulated.answer())(request))

    async def head() -> int:
        await on.pool.survey()
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


def test_a_hanging_endpoint_does_not_hold_up_a_survey() -> None:
    """The survey has its own short patience."""
    simulated = SimulatedNode()

    on = bench(lambda _: asyncio.sleep(60), node(simulated.answer()), retry=RetryOptions(probe_timeout_s=0.01))
    asyncio.run(asyncio.wait_for(on.pool.survey(), 5))
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_pauses_grow_to_a_bound_with_jitter() -> None:
    """Rounds, not endpoints, are paused; then the failure is told."""
    on = bench(lambda _: HTML, retry=RetryOptions(retries=5, backoff_s=0.1, backoff_cap_s=1.0))
    with pytest.raises(RpcUnavailable, match="not a JSON-RPC answer"):
        _ask(on)
    assert on.clock.sleeps == pytest.approx([0.075, 0.15, 0.3, 0.6, 0.75])  # the fake jitter draws 0.5: three quarters
    assert RetryOptions().pause(10_000, 0.999) <= 5.0


def test_rate_limits_wait_and_are_named_when_they_do_not_pass() -> None:
    """Waiting is what helps."""
    on = bench(lambda _: Reply(429, b""))
    with pytest.raises(RateLimited):
        _ask(on)
    assert len(on.clock.sleeps) == 4


def test_too_big_is_told_at_once() -> None:
    """Neither waiting nor another endpoint is the answer: the caller asks for less."""
    on = bench(node(lambda method, params: RpcError(-32_000, "block range is too wide")), ECHO)
    with pytest.raises(SizeLimited):
        _ask(on)
    assert _counts(on) == [2, 0]
    assert on.incidents == []


def test_a_timeout_can_be_told_after_one_round() -> None:
    """For callers that can ask for less."""
    on = bench(lambda _: RpcTimeout("slow"))
    with pytest.raises(RpcTimeout):
        _ask(on, give_up_on_timeout=True)
    assert on.clock.sleeps == []


def test_an_unknown_block_is_looked_for_everywhere_and_once_more() -> None:
    """A backend may lag; but that a block is gone must not take long to learn."""
    on = bench(*[node(lambda method, params: RpcError(-32_000, "unknown block"))] * 2)
    with pytest.raises(BlockUnknown):
        _ask(on)
    assert _counts(on) == [3, 3]
    assert len(on.clock.sleeps) == 1
    assert on.incidents == []


def test_what_the_node_refuses_is_final() -> None:
    """An RpcError is an answer."""
    on = bench(node(lambda method, params: RpcError(-32_601, "Method not found")), ECHO)
    with pytest.raises(RpcError, match="Method not found"):
        _ask(on)
    assert _counts(on) == [2, 0]


def test_a_lie_is_a_failure_of_the_endpoint() -> None:
    """What does not fit the question is asked of the next."""
    simulated = SimulatedNode()
    simulated.mine([0] * 5)
    lying = node(lambda method, params: simulated.chain[2].header())
    on = bench(lying, node(simulated.answer()))

    def decode(answers: Any) -> int:
        header = parse_header(answers[0])
        if header.ref.number != 4:
            raise ValueError("not what was asked for")
        return header.ref.number

    assert asyncio.run(on.pool.ask([by_number(4)], decode)) == 4
    assert "not what was asked for" in on.incidents[0].detail


@pytest.mark.parametrize("malformed", [[], {}, "0x", 7, None, {"number": 5}, {"number": "0xzz"}])
def test_malformed_results_are_failures_of_the_endpoint(malformed: Any) -> None:
    """Whatever taking the result apart stumbles over."""
    simulated = SimulatedNode()
    on = bench(node(lambda method, params: malformed), node(simulated.answer()))
    assert asyncio.run(on.pool.ask([LATEST], lambda answers: parse_header(answers[0]).ref)) == simulated.tip


def test_a_wrong_chain_is_a_configuration_error_at_start() -> None:
    """Naming the endpoint and the keys; even when another endpoint is right."""
    on = bench(ECHO, lambda request: {"id": request["id"], "result": "0x1"})
    with pytest.raises(ConfigError, match=r"id is 31337, but http://b serves chain 1.*rpc_urls"):
        asyncio.run(on.pool.start())


def test_a_wrong_chain_that_comes_up_later_is_never_used() -> None:
    """It was down at start, so it was not checked then."""
    up = [False]

    def late(request: Any) -> Any:
        return {"id": request["id"], "result": "0x1"} if up[0] else RpcUnavailable("refused")

    on = bench(late, ECHO)
    asyncio.run(on.pool.start())
    up[0] = True
    asyncio.run(on.pool.survey())
    assert _ask(on) == "eth_x"
    assert all(post["method"] == "eth_chainId" for post in on.transports[0].posts)


def test_starting_needs_one_endpoint_that_answers() -> None:
    """It may take some rounds; with none the cause is told."""
    asyncio.run(bench(lambda _: HTML, ECHO).pool.start())
    failing = [HTML, HTML, HTML]
    asyncio.run(bench(lambda request: failing.pop() if failing else ECHO(request)).pool.start())
    with pytest.raises(RpcUnavailable, match="http://a"):
        asyncio.run(bench(lambda _: HTML).pool.start())


def test_a_wrong_chain_after_a_failed_first_try_is_a_configuration_error() -> None:
    """The retry of the start must not turn it into an outage."""
    replies: list[Any] = [{"result": "0x1"}, {"result": "0x1"}, {"result": "0x1"}, {"result": "0x1"}, {"result": "0x1"}]
    failing = [HTML]

    def handler(request: Any) -> Any:
        return failing.pop() if failing else {**replies.pop(), "id": request["id"]}

    with pytest.raises(ConfigError):
        asyncio.run(bench(handler).pool.start())


def test_opinions_are_those_of_all_that_answer() -> None:
    """A broken one has none."""
    on = bench(ECHO, lambda _: HTML, node(lambda method, params: "other"))
    said = asyncio.run(on.pool.opinions([RpcCall("eth_x", [])], _first))
    assert sorted((endpoint.name, value) for endpoint, value in said) == [("http://a", "eth_x"), ("http://c", "other")]


def test_distrusted_endpoints_are_asked_last() -> None:
    """A contradiction found by comparing opinions counts as a failure."""
    on = bench(node(lambda method, params: "lie"), node(lambda method, params: "truth"))

    async def run() -> Any:
        for endpoint, value in await on.pool.opinions([RpcCall("eth_x", [])], _first):
            if value == "lie":
                on.pool.distrust(endpoint, "contradicts the others")
        return await on.pool.ask([RpcCall("eth_x", [])], _first)

    assert asyncio.run(run()) == "truth"


def test_a_second_look_starts_with_another_endpoint() -> None:
    """Where there is another."""
    on = bench(node(lambda method, params: "a"), node(lambda method, params: "b"))
    assert [_ask(on, turn=0), _ask(on, turn=1), _ask(on, turn=2)] == ["a", "b", "a"]
    assert _ask(bench(ECHO), turn=1) == "eth_x"
