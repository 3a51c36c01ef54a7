"""One endpoint's answer: of the right chain, and well-formed."""

import asyncio
from typing import Any

import pytest

from keeper.chain.header import by_number, parse_header
from keeper.chain.query import LATEST
from keeper.chain.rpc import RpcCall
from keeper.domain.chain import Purpose, Tally
from keeper.errors import RpcUnavailable
from tests.keeper.chain.fakes import ECHO, HTML, ask, bench, first_answer, node, request_counts
from tests.keeper.chain.simulated import SimulatedNode


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


def test_a_wrong_chain_that_comes_up_later_is_never_used() -> None:
    """It was down at start, so it was not checked then."""
    up = [False]

    def late(request: Any) -> Any:
        return {"id": request["id"], "result": "0x1"} if up[0] else RpcUnavailable("refused")

    on = bench(late, ECHO)
    asyncio.run(on.pool.start())
    up[0] = True
    asyncio.run(on.pool.compare_heads())
    assert ask(on) == "eth_x"
    assert all(post["method"] == "eth_chainId" for post in on.transports[0].posts)


def test_one_endpoint_can_be_asked_alone() -> None:
    """What it says is its own, and no other is asked."""
    on = bench(lambda _: HTML, ECHO)

    async def run() -> None:
        first, second = on.pool.endpoints()
        assert await on.pool.ask_only(second, [RpcCall("eth_x", [])], first_answer, purpose=Purpose.SEND) == "eth_x"
        with pytest.raises(RpcUnavailable):
            await on.pool.ask_only(first, [RpcCall("eth_x", [])], first_answer, purpose=Purpose.SEND)

    asyncio.run(run())
    assert request_counts(on) == [1, 2]
    assert on.pool.usage().send == Tally(1, 1)
