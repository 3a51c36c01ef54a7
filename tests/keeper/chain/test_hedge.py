"""Which answer of several endpoints counts, and what a slow or failing one costs."""

import asyncio
from typing import Any

import pytest

from keeper.chain.rpc import Reply, RpcTimeout
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable
from tests.keeper.chain.fakes import ECHO, FAST, HTML, INTERNAL, Hanging, ask, bench, head_number, node, request_counts


@pytest.mark.parametrize("broken", [HTML, RpcUnavailable("refused"), RpcTimeout("slow"), Reply(429, b"")])
def test_a_failing_endpoint_is_replaced_at_once_and_asked_last_from_then_on(broken: Any) -> None:
    """No pause while another endpoint works, and no second wait for the one that failed."""
    on = bench(lambda _: broken, ECHO)
    assert [ask(on), ask(on)] == ["eth_x", "eth_x"]
    assert request_counts(on) == [1, 3]
    assert on.clock.sleeps == []
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_no_endpoints_error_is_final_while_another_answers() -> None:
    """It is asked at once, and first from then on; the one that stumbled is set aside."""
    on = bench(node(lambda method, params: INTERNAL), ECHO)
    assert [ask(on), ask(on)] == ["eth_x", "eth_x"]
    assert request_counts(on) == [2, 3]
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


@pytest.mark.parametrize(
    "failure", [RpcError(3, "execution reverted"), RpcError(-32_003, "EVM error InvalidFEOpcode"), RpcError(-1, "x", b"\x08")]
)
def test_the_contracts_own_failure_is_an_answer(failure: RpcError) -> None:
    """Another endpoint would only say it again."""
    on = bench(node(lambda method, params: failure), ECHO)
    with pytest.raises(RpcError):
        ask(on)
    assert request_counts(on) == [2, 0]


def test_gas_that_one_node_does_not_give_another_may() -> None:
    """Its cap for calls is its own; where all say so, that is the answer."""
    short = node(lambda method, params: RpcError(-32_603, "EVM error OutOfGas"))
    on = bench(short, ECHO)
    assert ask(on) == "eth_x"
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]
    with pytest.raises(RpcError, match="OutOfGas"):
        ask(bench(short, short))


def test_news_about_a_block_count_more_than_a_stumble() -> None:
    """One does not know it, the other fails: to the caller the block is unknown."""
    unknown = node(lambda method, params: RpcError(-32_000, "unknown block"))
    with pytest.raises(BlockUnknown):
        ask(bench(unknown, node(lambda method, params: INTERNAL)))
    with pytest.raises(BlockUnknown):
        ask(bench(unknown, lambda _: HTML))


def test_a_hanging_endpoint_costs_a_few_times_its_usual_latency_once() -> None:
    """The next is asked at the same time and its answer taken; nothing is left running."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> list[float]:
        clock = asyncio.get_running_loop().time
        await head_number(on)
        await on.pool.compare_heads()
        first.delay_s = 60.0
        took = []
        for _ in range(3):
            began = clock()
            await head_number(on)
            took.append(clock() - began)
        assert len(asyncio.all_tasks()) == 1
        return took

    took = asyncio.run(run())
    assert took[0] < 0.1
    assert max(took[1:]) < 0.02
    assert first.open == 0
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_sound_endpoints_are_not_asked_twice() -> None:
    """A hundred questions, some slower than others, cost a hundred requests."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        for place in range(100):
            first.delay_s = 0.004 if place % 10 == 9 else 0.0
            await head_number(on)

    asyncio.run(run())
    assert request_counts(on) == [101, 0]


def test_an_endpoint_that_is_always_slow_is_given_its_time_when_it_is_the_only_one() -> None:
    """There is nobody to ask instead."""
    slow = Hanging()
    slow.delay_s = 0.2
    on = bench(slow, retry=FAST)
    assert asyncio.run(head_number(on)) == 0
    assert request_counts(on) == [2]


def test_when_all_are_slow_the_first_answer_counts() -> None:
    """Though each was given up waiting for."""
    first, second = Hanging(), Hanging()
    first.delay_s, second.delay_s = 0.25, 0.6
    on = bench(first, second, retry=FAST)
    assert asyncio.run(head_number(on)) == 0
    assert on.incidents == []


def test_a_cancelled_question_leaves_nothing_behind() -> None:
    """Neither of the endpoints asked."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        await head_number(on)
        await on.pool.compare_heads()
        first.delay_s = second.delay_s = 60.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await head_number(on)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert (first.open, second.open) == (0, 0)
