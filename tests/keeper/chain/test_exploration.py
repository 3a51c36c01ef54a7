"""Beside the work, an endpoint that is not the first choice is asked what the first was asked."""

import asyncio
from typing import Any

from keeper.chain.rpc import RpcCall
from keeper.domain.chain import Purpose
from tests.keeper.chain.fakes import ECHO, FAST, HTML, Bench, bench, first_answer, request_counts


async def _asked(on: Bench, method: str, purpose: Purpose = Purpose.READ) -> Any:
    return await on.pool.ask([RpcCall(method, [])], first_answer, purpose=purpose)


def _methods(on: Bench, place: int) -> list[str]:
    """What an endpoint was asked, but for its chain id."""
    return [post["method"] for post in on.transports[place].posts if post["method"] != "eth_chainId"]


def test_what_was_asked_lately_is_asked_of_the_others_in_turn() -> None:
    """Once each half minute, and only what was asked since; the score shows it."""
    on = bench(ECHO, ECHO, ECHO)

    async def run() -> None:
        exploration = on.pool._exploration
        for method in ("one", "two", "three"):
            await _asked(on, method)
            await exploration.step()
            await exploration.step()

    asyncio.run(run())
    assert [_methods(on, place) for place in range(3)] == [["one", "two", "three"], ["one", "three"], ["two"]]
    answers = {(score.endpoint, score.purpose) for score in on.pool.scores()}
    assert {(f"http://{name}", Purpose.READ) for name in "abc"} <= answers


def test_purposes_take_turns_and_transactions_are_never_repeated() -> None:
    """Heads are compared anyway."""
    on = bench(ECHO, ECHO)

    async def run() -> None:
        for _ in range(2):
            for purpose in Purpose:
                await _asked(on, purpose.value, purpose)
            await on.pool._exploration.step()

    asyncio.run(run())
    assert _methods(on, 1) == ["read", "fork"]


def test_an_endpoint_that_was_set_aside_or_has_no_requests_to_spare_is_left_alone() -> None:
    """The first is probed by the health check."""
    on = bench(ECHO, lambda _: HTML, ECHO, per_second=8)

    async def run() -> None:
        second, third = on.pool._ranking.members[1:]
        for _ in range(8):
            third.endpoint.budget.spend()
        await _asked(on, "one")
        await on.pool._exploration.step()
        await _asked(on, "two")
        before = request_counts(on)[1]
        await on.pool._exploration.step()
        assert second.failures == 1
        assert request_counts(on) == [3, before, 0]

    asyncio.run(run())


def test_a_challenger_that_hangs_costs_nobody_time() -> None:
    """It is set aside after its own time-out."""
    on = bench(ECHO, lambda _: asyncio.sleep(60), retry=FAST)

    async def run() -> None:
        await _asked(on, "one")
        await on.pool._exploration.step()

    asyncio.run(asyncio.wait_for(run(), 5))
    assert [(incident.endpoint, incident.event) for incident in on.incidents] == [("http://b", "failed")]


def test_one_endpoint_alone_has_nobody_to_compare_with() -> None:
    on = bench(ECHO)
    asyncio.run(on.pool.explore())
    assert request_counts(on) == [0]
