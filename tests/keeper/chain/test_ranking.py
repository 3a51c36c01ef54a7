"""The order of the endpoints: pauses they ask for, distrust, and heads that fall behind."""

import asyncio
from typing import Any

import pytest

from keeper.chain.header import parse_header
from keeper.chain.query import LATEST
from keeper.chain.refusals import RateLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Reply, RpcCall
from keeper.domain.chain import Purpose
from tests.keeper.chain.fakes import ECHO, Bench, ask, bench, first_answer, node, request_counts
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


def _scored(on: Bench, place: int, *, latency_s: float = 0.1, failures: int = 0, answers: int = 20) -> None:
    """Make an endpoint known for reads: how long it takes where 0.1 s are usual, how often it failed last."""
    score = on.pool._ranking.members[place].scores[Purpose.READ]
    for _ in range(answers):
        score.record_answer()
        score.record_latency(latency_s, 0.1)
    for _ in range(failures):
        score.record_failure()


def _first(on: Bench, purpose: Purpose = Purpose.READ) -> str:
    return on.pool.first(0, purpose).name


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {}, "http://a"),
        ({}, {"latency_s": 0.08}, "http://a"),  # better, but not by much: the settings' order stands
        ({}, {"latency_s": 0.03}, "http://b"),
        ({"latency_s": 0.3}, {}, "http://b"),
        ({"failures": 5}, {}, "http://b"),
        ({"failures": 1}, {}, "http://a"),
        ({"latency_s": 0.3}, {"answers": 4}, "http://a"),  # nobody knows yet whether it is better
    ],
)
def test_an_endpoint_that_does_much_better_is_asked_first(first: dict[str, Any], second: dict[str, Any], expected: str) -> None:
    """For the purpose it does better for; a second look is another's all the same."""
    on = bench(ECHO, ECHO)
    _scored(on, 0, **first)
    _scored(on, 1, **second)
    other = "http://b" if expected == "http://a" else "http://a"
    assert (_first(on), on.pool.first(1, Purpose.READ).name) == (expected, other)
    assert _first(on, Purpose.FORK) == "http://a"


def test_of_three_each_takes_the_place_its_score_gives_it() -> None:
    on = bench(ECHO, ECHO, ECHO)
    for place, latency_s in enumerate((0.3, 0.1, 0.03)):
        _scored(on, place, latency_s=latency_s)
    assert [on.pool.first(turn, Purpose.READ).name for turn in range(3)] == ["http://c", "http://b", "http://a"]


def test_an_endpoint_that_lags_a_little_behind_another_is_asked_after_it() -> None:
    """Within the allowance it is not set aside, but what it says comes late."""
    simulated = SimulatedNode()
    simulated.mine([0] * 5)
    behind = simulated.chain[:-1]
    on = bench(node(simulated.answer(behind)), node(simulated.answer()))

    async def run() -> None:
        for _ in range(20):
            await on.pool.compare_heads()

    asyncio.run(run())
    assert on.incidents == []
    assert _first(on, Purpose.HEAD) == "http://b"
    lags = {score.endpoint: round(score.lag_blocks) for score in on.pool.scores()}
    assert lags == {"http://a": 1, "http://b": 0}


def test_an_endpoint_that_recovered_comes_first_again() -> None:
    """By and by, as it answers."""
    on = bench(ECHO, ECHO)
    _scored(on, 0, failures=10)
    _scored(on, 1)
    assert _first(on) == "http://b"
    _scored(on, 0, answers=6)
    assert _first(on) == "http://a"


def test_an_endpoint_whose_budget_is_used_up_is_passed_over() -> None:
    """Its neighbour answers meanwhile; nobody is set aside for it, and no time is lost."""
    on = bench(ECHO, ECHO, per_second=4)
    for _ in range(4):
        ask(on)
    assert request_counts(on) == [3, 3]
    assert (on.clock.time, on.incidents) == (0, [])


def test_the_only_endpoint_is_asked_as_often_as_its_budget_allows() -> None:
    """Twenty questions at four in a second."""
    on = bench(ECHO, per_second=4)
    for _ in range(20):
        ask(on)
    assert on.clock.time == pytest.approx((21 - 4) / 4, abs=0.5)
    assert on.incidents == []


def test_transactions_do_not_wait_for_what_history_has_used_up() -> None:
    on = bench(ECHO, per_second=2)

    async def run() -> None:
        for _ in range(3):
            await on.pool.ask([RpcCall("eth_getLogs", [])], first_answer, purpose=Purpose.LOGS)
        before = on.clock.time
        await on.pool.ask([RpcCall("eth_sendRawTransaction", [])], first_answer, purpose=Purpose.SEND)
        assert on.clock.time == before

    asyncio.run(run())


def test_an_endpoint_that_refuses_for_the_rate_is_asked_less_often_from_then_on() -> None:
    """Also when it does not say how long it wants to be left alone."""
    sent_at: list[float] = []

    def limited(request: Any) -> Any:
        sent_at.append(on.clock.time)
        recent = [at for at in sent_at if on.clock.time - at < 1]
        return Reply(429, b"") if len(recent) > 10 else ECHO(request)

    on = bench(limited, retry=RetryOptions(retries=20))
    refused = []
    for questions in (100, 100):
        before = len(sent_at)
        for _ in range(questions):
            ask(on)
        refused.append(len(sent_at) - before - questions)
    assert refused[0] > 0
    assert refused[1] <= 10
