"""Failover, freshness and distrust."""

import asyncio
from typing import Any

import pytest

from keeper.chain.header import by_number, parse_header
from keeper.chain.query import LATEST
from keeper.chain.refusals import RateLimited, SizeLimited
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Reply, RpcCall, RpcTimeout
from keeper.domain.chain import Purpose, Tally, Usage
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
    assert on.pool.usage() == Usage(head=Tally(1, 1), read=Tally(1, 1))


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
        await on.pool.compare_heads()
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


def test_a_hanging_endpoint_does_not_hold_up_a_survey() -> None:
    """The survey has its own short patience."""
    simulated = SimulatedNode()

    on = bench(lambda _: asyncio.sleep(60), node(simulated.answer()), retry=RetryOptions(probe_timeout_s=0.01))
    asyncio.run(asyncio.wait_for(on.pool.compare_heads(), 5))
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_pauses_grow_to_a_bound_with_jitter() -> None:
    """Rounds, not endpoints, are paused; then the failure is told."""
    on = bench(lambda _: HTML, retry=RetryOptions(retries=5, backoff_s=0.1, backoff_cap_s=1.0))
    with pytest.raises(RpcUnavailable, match="not a JSON-RPC answer"):
        _ask(on)
    assert on.clock.sleeps == pytest.approx([0.075, 0.15, 0.3, 0.6, 0.75])  # the fake jitter draws 0.5: three quarters
    assert RetryOptions().pause(10_000, 0.999) <= 5.0


def test_a_throttled_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    """The other answers meanwhile."""
    throttled = [Reply(429, b"", 30.0)]
    on = bench(lambda request: throttled.pop() if throttled else ECHO(request), ECHO)

    async def run() -> list[int]:
        counts = []
        for seconds in (0.0, 10.0, 19.0, 2.0):
            on.clock.time += seconds
            await on.pool.compare_heads()
            assert await on.pool.ask([RpcCall("eth_x", [])], _first) == "eth_x"
            counts.append(len(on.transports[0].posts))
        return counts

    counts = asyncio.run(run())
    assert counts[:3] == [1, 1, 1]
    assert counts[3] > 1


def test_when_all_want_to_be_left_alone_a_little_is_waited_and_long_is_told() -> None:
    """No request is sent before its time."""
    replies = [Reply(429, b"", 3.0)]
    on = bench(lambda request: replies.pop() if replies else ECHO(request))
    assert _ask(on) == "eth_x"
    assert on.clock.time == pytest.approx(3.0)
    replies.append(Reply(429, b"", 100.0))
    with pytest.raises(RateLimited, match=r"left alone, the first for \d+ s more"):
        _ask(on)
    asked = _counts(on)
    with pytest.raises(RateLimited):
        _ask(on)
    assert _counts(on) == asked


def test_rate_limits_wait_and_are_named_when_they_do_not_pass() -> None:
    """Waiting is what helps."""
    on = bench(lambda _: Reply(429, b""))
    with pytest.raises(RateLimited):
        _ask(on)
    assert len(on.clock.sleeps) == 4


def test_too_big_is_told_at_once_where_less_can_be_asked_for() -> None:
    """Neither waiting nor another endpoint is the answer then."""
    on = bench(node(lambda method, params: RpcError(-32_000, "block range is too wide")), ECHO)
    with pytest.raises(SizeLimited):
        _ask(on, give_up_on_timeout=True)
    assert _counts(on) == [2, 0]
    assert on.incidents == []


def test_too_big_for_one_endpoint_may_do_for_another() -> None:
    """Where less cannot be asked for; and when it is too big for all, no second round makes it smaller."""
    wide = node(lambda method, params: RpcError(-32_000, "response size exceeded"))
    assert _ask(bench(wide, ECHO)) == "eth_x"
    on = bench(wide, wide)
    with pytest.raises(SizeLimited):
        _ask(on)
    assert _counts(on) == [2, 2]


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


INTERNAL = RpcError(-32_603, "internal error")


def test_no_endpoints_error_is_final_while_another_answers() -> None:
    """It is asked at once, and first from then on; the one that stumbled is set aside."""
    on = bench(node(lambda method, params: INTERNAL), ECHO)
    assert [_ask(on), _ask(on)] == ["eth_x", "eth_x"]
    assert _counts(on) == [2, 3]
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_an_error_all_give_is_told_after_a_second_look() -> None:
    """Then it is the caller's to wait for a better time."""
    on = bench(*[node(lambda method, params: INTERNAL)] * 2)
    with pytest.raises(RpcError, match="internal error"):
        _ask(on)
    assert _counts(on) == [3, 3]
    assert on.incidents == []


def test_a_method_nobody_offers_is_not_asked_for_twice() -> None:
    """And who does not offer it is not worse for that."""
    missing = node(lambda method, params: RpcError(-32_601, "Method not found"))
    on = bench(missing, missing)
    with pytest.raises(RpcError, match="Method not found"):
        _ask(on)
    assert _counts(on) == [2, 2]
    assert _ask(bench(missing, ECHO)) == "eth_x"
    assert on.incidents == []


@pytest.mark.parametrize(
    "failure", [RpcError(3, "execution reverted"), RpcError(-32_003, "EVM error InvalidFEOpcode"), RpcError(-1, "x", b"\x08")]
)
def test_the_contracts_own_failure_is_an_answer(failure: RpcError) -> None:
    """Another endpoint would only say it again."""
    on = bench(node(lambda method, params: failure), ECHO)
    with pytest.raises(RpcError):
        _ask(on)
    assert _counts(on) == [2, 0]


def test_gas_that_one_node_does_not_give_another_may() -> None:
    """Its cap for calls is its own; where all say so, that is the answer."""
    short = node(lambda method, params: RpcError(-32_603, "EVM error OutOfGas"))
    on = bench(short, ECHO)
    assert _ask(on) == "eth_x"
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]
    with pytest.raises(RpcError, match="OutOfGas"):
        _ask(bench(short, short))


def test_news_about_a_block_count_more_than_a_stumble() -> None:
    """One does not know it, the other fails: to the caller the block is unknown."""
    unknown = node(lambda method, params: RpcError(-32_000, "unknown block"))
    with pytest.raises(BlockUnknown):
        _ask(bench(unknown, node(lambda method, params: INTERNAL)))
    with pytest.raises(BlockUnknown):
        _ask(bench(unknown, lambda _: HTML))


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
    asyncio.run(on.pool.compare_heads())
    assert _ask(on) == "eth_x"
    assert all(post["method"] == "eth_chainId" for post in on.transports[0].posts)


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


@pytest.mark.parametrize("outage", [lambda _: HTML, node(lambda method, params: INTERNAL)])
def test_work_that_must_not_end_outlasts_an_outage(outage: Any) -> None:
    """The same endpoints, without a last round, whether they answer errors or nothing; what is known of them is shared."""
    on = bench(lambda request: outage(request) if on.clock.time < 3_600 else ECHO(request))
    assert asyncio.run(on.pool.endless().ask([RpcCall("eth_x", [])], _first)) == "eth_x"
    assert on.problems == {}
    assert on.clock.time > 3_600


def test_a_block_that_stays_unknown_is_an_answer_to_patient_work_too() -> None:
    """Otherwise it would wait for a block that is gone."""
    on = bench(node(lambda method, params: RpcError(-32_000, "unknown block")))
    with pytest.raises(BlockUnknown):
        asyncio.run(on.pool.endless().ask([RpcCall("eth_x", [])], _first))


def test_one_endpoint_can_be_asked_alone() -> None:
    """What it says is its own, and no other is asked."""
    on = bench(lambda _: HTML, ECHO)

    async def run() -> None:
        first, second = on.pool.endpoints()
        assert await on.pool.ask_only(second, [RpcCall("eth_x", [])], _first, purpose=Purpose.SEND) == "eth_x"
        with pytest.raises(RpcUnavailable):
            await on.pool.ask_only(first, [RpcCall("eth_x", [])], _first, purpose=Purpose.SEND)

    asyncio.run(run())
    assert _counts(on) == [1, 2]
    assert on.pool.usage().send == Tally(1, 1)


class Hanging:
    """Answers as `sound` does, until told to hang or to be slow."""

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


FAST = RetryOptions(hedge_floor_s=0.02, hedge_cap_s=0.1, probe_timeout_s=0.2, probe_pause_s=0.0)


async def _head(on: Bench) -> int:
    return await on.pool.ask([LATEST], lambda answers: parse_header(answers[0]).ref.number)


def test_a_hanging_endpoint_costs_a_few_times_its_usual_latency_once() -> None:
    """The next is asked at the same time and its answer taken; nothing is left running."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> list[float]:
        clock = asyncio.get_running_loop().time
        await _head(on)
        await on.pool.compare_heads()
        first.delay_s = 60.0
        took = []
        for _ in range(3):
            began = clock()
            await _head(on)
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
            await _head(on)

    asyncio.run(run())
    assert _counts(on) == [101, 0]


def test_an_endpoint_that_is_always_slow_is_given_its_time_when_it_is_the_only_one() -> None:
    """There is nobody to ask instead."""
    slow = Hanging()
    slow.delay_s = 0.2
    on = bench(slow, retry=FAST)
    assert asyncio.run(_head(on)) == 0
    assert _counts(on) == [2]


def test_when_all_are_slow_the_first_answer_counts() -> None:
    """Though each was given up waiting for."""
    first, second = Hanging(), Hanging()
    first.delay_s, second.delay_s = 0.25, 0.6
    on = bench(first, second, retry=FAST)
    assert asyncio.run(_head(on)) == 0
    assert on.incidents == []


def test_a_slow_endpoint_comes_back_by_a_probe_beside_the_work() -> None:
    """Not by a question that matters; and one that is still slow does not."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        await _head(on)
        tending = asyncio.create_task(on.pool.check_health())
        first.delay_s = 60.0
        await _head(on)
        first.delay_s = 0.15
        await asyncio.sleep(0.3)
        assert [incident.event for incident in on.incidents] == ["failed"]
        first.delay_s = 0.0
        await asyncio.sleep(1.5)
        assert on.incidents[-1].event == "recovered"
        tending.cancel()
        await asyncio.wait([tending])
        before = _counts(on)
        await _head(on)
        assert _counts(on) == [before[0] + 1, before[1]]

    asyncio.run(asyncio.wait_for(run(), 10))


def test_all_endpoints_that_hang_are_news_before_a_question_has_ended() -> None:
    """Each question has a long time-out; the probes beside it have not."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        await _head(on)
        tending = asyncio.create_task(on.pool.check_health())
        first.delay_s = second.delay_s = 60.0
        question = asyncio.create_task(_head(on))
        await asyncio.sleep(1.0)
        assert "none answers" in on.problems["endpoints"]
        assert not question.done()
        question.cancel()
        first.delay_s = 0.0
        await _head(on)
        assert on.problems == {}
        tending.cancel()
        await asyncio.wait([tending, question])

    asyncio.run(asyncio.wait_for(run(), 10))


def test_one_endpoint_alone_needs_no_tending() -> None:
    """It costs no requests."""
    on = bench(ECHO)
    asyncio.run(on.pool.check_health())
    assert _counts(on) == [0]


def test_a_cancelled_question_leaves_nothing_behind() -> None:
    """Neither of the endpoints asked."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        await _head(on)
        await on.pool.compare_heads()
        first.delay_s = second.delay_s = 60.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await _head(on)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert (first.open, second.open) == (0, 0)


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
        return await on.pool.ask([RpcCall("eth_x", [])], _first)

    assert asyncio.run(run()) == "eth_x"
    assert on.clock.time == 9.0


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


@pytest.mark.parametrize(
    "header", [{"number": "-0x1"}, {"number": "0x8000000000000000"}, {"timestamp": "0x" + "f" * 17}, {"baseFeePerGas": "0x" + "f" * 65}]
)
@pytest.mark.parametrize("proven", [False, True])
def test_numbers_that_no_block_has_are_a_malformed_answer(header: dict[str, str], proven: bool) -> None:
    """Negative, or too large for the lake: the other endpoint is asked."""
    simulated = SimulatedNode()
    liar = node(lambda method, params: {**simulated.tip_header(), **header})
    on = bench(liar, node(simulated.answer()))
    proofs = on.proofs(headers=proven)

    async def run() -> None:
        if proven:
            await proofs.learn()
        block = await on.pool.ask([LATEST], lambda answers: proofs.header(answers[0]).ref)
        assert block.number == 0

    asyncio.run(run())
    assert [incident.endpoint for incident in on.incidents if incident.event == "failed"] == ["http://a"]


def test_an_answer_nested_too_deeply_is_malformed() -> None:
    """Whatever a decoder trips over in an answer is the answer's fault."""
    on = bench(ECHO, ECHO)

    def decode(answers: Any) -> Any:
        if len(on.transports[1].posts) < 2:
            raise RecursionError
        return answers[0]

    assert asyncio.run(on.pool.ask([RpcCall("eth_x", [])], decode)) == "eth_x"


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
