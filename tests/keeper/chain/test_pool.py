"""Rounds over the endpoints, the start, and what ends a query."""

import asyncio
from typing import Any

import pytest

from keeper.chain.refusals import RateLimited, SizeLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Reply, RpcCall, RpcTimeout
from keeper.domain.chain import Tally, Usage
from keeper.errors import BlockUnknown, ConfigError, RpcError, RpcUnavailable
from tests.keeper.chain.fakes import ECHO, HTML, INTERNAL, ask, bench, first_answer, node, request_counts


def test_without_endpoints_there_is_no_pool() -> None:
    """The message says which key to mend."""
    with pytest.raises(ConfigError, match="rpc_urls"):
        bench()


def test_the_first_endpoint_answers_while_it_works() -> None:
    """The second costs nothing: one request proves the first's chain id, one asks."""
    on = bench(ECHO, ECHO)
    assert ask(on) == "eth_x"
    assert request_counts(on) == [2, 0]
    assert on.pool.usage() == Usage(head=Tally(1, 1), read=Tally(1, 1))


def test_rate_limits_wait_and_are_named_when_they_do_not_pass() -> None:
    """Waiting is what helps."""
    on = bench(lambda _: Reply(429, b""))
    with pytest.raises(RateLimited):
        ask(on)
    assert len(on.clock.sleeps) == 4


def test_too_big_is_told_at_once_where_less_can_be_asked_for() -> None:
    """Neither waiting nor another endpoint is the answer then."""
    on = bench(node(lambda method, params: RpcError(-32_000, "block range is too wide")), ECHO)
    with pytest.raises(SizeLimited):
        ask(on, give_up_on_timeout=True)
    assert request_counts(on) == [2, 0]
    assert on.incidents == []


def test_too_big_for_one_endpoint_may_do_for_another() -> None:
    """Where less cannot be asked for; and when it is too big for all, no second round makes it smaller."""
    wide = node(lambda method, params: RpcError(-32_000, "response size exceeded"))
    assert ask(bench(wide, ECHO)) == "eth_x"
    on = bench(wide, wide)
    with pytest.raises(SizeLimited):
        ask(on)
    assert request_counts(on) == [2, 2]


def test_a_timeout_can_be_told_after_one_round() -> None:
    """For callers that can ask for less."""
    on = bench(lambda _: RpcTimeout("slow"))
    with pytest.raises(RpcTimeout):
        ask(on, give_up_on_timeout=True)
    assert on.clock.sleeps == []


def test_an_unknown_block_is_looked_for_everywhere_and_once_more() -> None:
    """A backend may lag; but that a block is gone must not take long to learn."""
    on = bench(*[node(lambda method, params: RpcError(-32_000, "unknown block"))] * 2)
    with pytest.raises(BlockUnknown):
        ask(on)
    assert request_counts(on) == [3, 3]
    assert len(on.clock.sleeps) == 1
    assert on.incidents == []


def test_an_error_all_give_is_told_after_a_second_look() -> None:
    """Then it is the caller's to wait for a better time."""
    on = bench(*[node(lambda method, params: INTERNAL)] * 2)
    with pytest.raises(RpcError, match="internal error"):
        ask(on)
    assert request_counts(on) == [3, 3]
    assert on.incidents == []


def test_a_method_nobody_offers_is_not_asked_for_twice() -> None:
    """And who does not offer it is not worse for that."""
    missing = node(lambda method, params: RpcError(-32_601, "Method not found"))
    on = bench(missing, missing)
    with pytest.raises(RpcError, match="Method not found"):
        ask(on)
    assert request_counts(on) == [2, 2]
    assert ask(bench(missing, ECHO)) == "eth_x"
    assert on.incidents == []


def test_a_wrong_chain_is_a_configuration_error_at_start() -> None:
    """Naming the endpoint and the keys; even when another endpoint is right."""
    on = bench(ECHO, lambda request: {"id": request["id"], "result": "0x1"})
    with pytest.raises(ConfigError, match=r"id is 31337, but http://b serves chain 1.*rpc_urls"):
        asyncio.run(on.pool.start())


def test_starting_needs_one_endpoint_that_answers() -> None:
    """It may take some rounds; with none the cause is told."""
    asyncio.run(bench(lambda _: HTML, ECHO).pool.start())
    failing = [HTML, HTML, HTML]
    asyncio.run(bench(lambda request: failing.pop() if failing else ECHO(request)).pool.start())
    with pytest.raises(RpcUnavailable, match="http://a"):
        asyncio.run(bench(lambda _: HTML).pool.start())


def test_starting_waits_when_told_to() -> None:
    """An hour if need be, and says so."""
    on = bench(lambda request: HTML if on.clock.time < 3_600 else ECHO(request))

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            start = group.create_task(on.pool.start(wait=True))
            for _ in range(100):
                await asyncio.sleep(0)
            assert "HTTP 200" in on.problems["endpoints"]
            await start

    asyncio.run(run())
    assert on.problems == {}
    assert len(on.transports[0].posts) < 1_200


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
    said = asyncio.run(on.pool.opinions([RpcCall("eth_x", [])], first_answer))
    assert sorted((endpoint.name, value) for endpoint, value in said) == [("http://a", "eth_x"), ("http://c", "other")]


@pytest.mark.parametrize("outage", [lambda _: HTML, node(lambda method, params: INTERNAL)])
def test_work_that_must_not_end_outlasts_an_outage(outage: Any) -> None:
    """The same endpoints, without a last round, whether they answer errors or nothing; what is known of them is shared."""
    on = bench(lambda request: outage(request) if on.clock.time < 3_600 else ECHO(request))
    assert asyncio.run(on.pool.endless().ask([RpcCall("eth_x", [])], first_answer)) == "eth_x"
    assert on.problems == {}
    assert on.clock.time > 3_600


def test_a_block_that_stays_unknown_is_an_answer_to_patient_work_too() -> None:
    """Otherwise it would wait for a block that is gone."""
    on = bench(node(lambda method, params: RpcError(-32_000, "unknown block")))
    with pytest.raises(BlockUnknown):
        asyncio.run(on.pool.endless().ask([RpcCall("eth_x", [])], first_answer))


def test_a_start_while_all_want_to_be_left_alone_waits_or_says_so() -> None:
    """429 with Retry-After from everybody: no failure is new in the second round, but the last one stands."""
    throttled = [True]
    tired = Reply(429, b"", retry_after_s=120.0)
    on = bench(lambda request: tired if throttled[0] else ECHO(request), retry=RetryOptions(retries=2))
    with pytest.raises(RateLimited):
        asyncio.run(on.pool.start())

    async def run() -> None:
        async def mended(seconds: float) -> None:
            on.clock.time += seconds
            throttled[0] = on.clock.time < 300.0

        on.clock.sleep = mended  # type: ignore[method-assign]
        await on.pool.start(wait=True)

    asyncio.run(asyncio.wait_for(run(), 5))
    assert on.clock.time >= 300.0
