"""Endpoints that were set aside come back, beside the work."""

import asyncio
from dataclasses import replace

from keeper.chain.query import LATEST
from keeper.chain.retry import RetryOptions
from tests.keeper.chain.fakes import ECHO, FAST, HTML, Hanging, bench, first_answer, head_number, node, request_counts
from tests.keeper.chain.simulated import SimulatedNode


def test_comparing_heads_brings_a_recovered_endpoint_back() -> None:
    """And says so."""
    simulated = SimulatedNode()
    working = node(simulated.answer())
    failing = [HTML]
    on = bench(lambda request: failing.pop() if failing else working(request), working)

    async def run() -> int:
        await on.pool.ask([LATEST], first_answer)
        await on.pool.compare_heads()
        before = len(on.transports[0].posts)
        await on.pool.ask([LATEST], first_answer)
        return len(on.transports[0].posts) - before

    assert asyncio.run(run()) == 1
    assert [incident.event for incident in on.incidents] == ["failed", "recovered"]


def test_a_hanging_endpoint_does_not_hold_up_the_comparison_of_heads() -> None:
    """The comparison has its own short time-out."""
    simulated = SimulatedNode()

    on = bench(lambda _: asyncio.sleep(60), node(simulated.answer()), retry=RetryOptions(probe_timeout_s=0.01))
    asyncio.run(asyncio.wait_for(on.pool.compare_heads(), 5))
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://a", "failed")]


def test_a_slow_endpoint_comes_back_by_a_probe_beside_the_work() -> None:
    """Not by a question that matters; and one that is still slow does not."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        await head_number(on)
        health_check = asyncio.create_task(on.pool.check_health())
        first.delay_s = 60.0
        await head_number(on)
        first.delay_s = 0.15
        await asyncio.sleep(0.3)
        assert [incident.event for incident in on.incidents] == ["failed"]
        first.delay_s = 0.0
        await asyncio.sleep(1.5)
        assert on.incidents[-1].event == "recovered"
        health_check.cancel()
        await asyncio.wait([health_check])
        before = request_counts(on)
        await head_number(on)
        assert request_counts(on) == [before[0] + 1, before[1]]

    asyncio.run(asyncio.wait_for(run(), 10))


def test_all_endpoints_that_hang_are_news_before_a_question_has_ended() -> None:
    """Each question has a long time-out; the probes beside it have not."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=FAST)

    async def run() -> None:
        await head_number(on)
        health_check = asyncio.create_task(on.pool.check_health())
        first.delay_s = second.delay_s = 60.0
        question = asyncio.create_task(head_number(on))
        await asyncio.sleep(1.0)
        assert "none answers" in on.problems["endpoints"]
        assert not question.done()
        question.cancel()
        first.delay_s = 0.0
        await head_number(on)
        assert on.problems == {}
        health_check.cancel()
        await asyncio.wait([health_check, question])

    asyncio.run(asyncio.wait_for(run(), 10))


def test_endpoints_that_have_failed_already_are_news_without_one_more_probe() -> None:
    """A probe may take as long as its own time-out; by then a watcher of the daemon should know."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=replace(FAST, probe_timeout_s=60.0, probe_pause_s=30.0))

    async def run() -> None:
        await head_number(on)
        first.delay_s = second.delay_s = 60.0
        await on.pool.opinions([LATEST], first_answer, patience_s=0.05)
        question = asyncio.create_task(head_number(on))
        await asyncio.sleep(0)
        health_check = asyncio.create_task(on.pool.check_health())
        await asyncio.sleep(0.5)
        assert "none answers" in on.problems["endpoints"]
        for task in (question, health_check):
            task.cancel()
        await asyncio.wait([question, health_check])

    asyncio.run(asyncio.wait_for(run(), 10))


def test_a_probe_is_waited_for_no_longer_than_its_answer_would_count() -> None:
    """Or the other endpoints were not looked at meanwhile."""
    first, second = Hanging(), Hanging()
    on = bench(first, second, retry=replace(FAST, probe_timeout_s=60.0))

    async def run() -> None:
        await head_number(on)
        first.delay_s = 60.0
        await on.pool.opinions([LATEST], first_answer, patience_s=0.05)
        asked = len(on.transports[0].posts)
        health_check = asyncio.create_task(on.pool.check_health())
        await asyncio.sleep(1.5)
        assert len(on.transports[0].posts) > asked + 1, "one probe after the other"
        health_check.cancel()
        await asyncio.wait([health_check])

    asyncio.run(asyncio.wait_for(run(), 10))


def test_one_endpoint_alone_needs_no_health_check() -> None:
    """It costs no requests."""
    on = bench(ECHO)
    asyncio.run(on.pool.check_health())
    assert request_counts(on) == [0]
