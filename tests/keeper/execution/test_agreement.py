"""Nothing is sent on one endpoint's word: two that differ hold, of three the majority decides, whoever is silent has no vote."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_abi.abi import encode

from keeper.domain.chain import Address, BlockRef, Hash32, Timestamp
from keeper.domain.money import Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.errors import BlockUnknown, EndpointsDisagree, RpcError
from keeper.execution.agreement import AgreedSimulator

BLOCK = BlockRef(7, Hash32("0x" + "07" * 32), Hash32("0x" + "06" * 32), Timestamp(1_000))
SENDER, EXECUTOR = Address("0x" + "aa" * 20), Address("0x" + "bb" * 20)
Answers = tuple[Any, Any]


def _header(block_hash: str = BLOCK.hash) -> dict[str, str]:
    return {"hash": block_hash, "number": "0x7"}


def _brings(change: int) -> Answers:
    return "0x" + encode(("int256", "bool[]"), (change, [True])).hex(), _header()


REVERTS: Answers = (RpcError(3, "execution reverted", b"why"), _header())
LAGS: Answers = (RpcError(-32_000, "unknown block"), None)
FORKED: Answers = (BlockUnknown(-32_000, "unknown block"), _header("0x" + "99" * 32))
BROKEN: Answers = (RpcError(-32_603, "internal error"), _header())
NO_CONTRACT: Answers = ("0x", _header())


@dataclass
class FakeEndpoints:
    """`rounds` are what the endpoints say, time after time, the last for ever; None does not answer at all."""

    rounds: list[Sequence[Answers | None]]
    asked: list[tuple[str, Sequence[Any]]] = field(default_factory=list)
    distrusted: list[str] = field(default_factory=list)
    dispute: str | None = None

    @property
    def endpoints(self) -> int:
        return len(self.rounds[0])

    async def head(self) -> BlockRef:
        return BLOCK

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Any]]], *, patience_s: float | None = None) -> list[tuple[str, list[Any]]]:
        self.asked += calls
        round_ = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
        return [(f"http://{place}", list(answers)) for place, answers in enumerate(round_) if answers is not None]

    def distrust(self, endpoint: str, reason: str) -> None:
        self.distrusted.append(endpoint)


@dataclass
class Inner:
    """The simulator that is wrapped."""

    checks: int = 0

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        self.checks += 1
        return SimSettled(Usd18(1), 0, (), 0.0)

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        return SimSettled(Usd18(2), 0, (), 0.0)


@dataclass
class World:
    """A wrapped simulator and what it reported."""

    chain: FakeEndpoints
    problems: list[str | None] = field(default_factory=list)
    inner: Inner = field(default_factory=Inner)

    def run(self, work: Callable[[AgreedSimulator], Any]) -> Any:
        simulator = AgreedSimulator(self.inner, self.chain, self.problems.append, patience_s=0.2)
        return asyncio.run(work(simulator))

    def check(self) -> SimOutcome:
        outcome: SimOutcome = self.run(_check)
        return outcome


async def _check(simulator: AgreedSimulator) -> SimOutcome:
    return await simulator.pre_check(SENDER, EXECUTOR, b"call", 1, BLOCK, Timestamp(1_002))


def _said(*answers: Answers | None) -> World:
    return World(FakeEndpoints([answers]))


def test_one_endpoint_is_asked_as_ever() -> None:
    world = _said(_brings(5))
    assert world.check() == SimSettled(Usd18(1), 0, (), 0.0)
    assert world.chain.asked == []


@pytest.mark.parametrize("answers", [_brings(5), REVERTS])
def test_two_that_agree_decide(answers: Answers) -> None:
    """Once asked: at the block's hash, at the next block's time."""
    world = _said(answers, answers)
    outcome = world.check()
    if answers is REVERTS:
        assert isinstance(outcome, SimReverted)
        assert outcome.data == b"why"
    else:
        assert isinstance(outcome, SimSettled)
        assert outcome.change == Usd18(5)
    ((_, call), _) = world.chain.asked
    assert call[1:] == [{"blockHash": BLOCK.hash}, {}, {"time": "0x3ea"}]
    assert world.problems == [None]
    assert world.inner.checks == 0


@pytest.mark.parametrize("other", [_brings(6), REVERTS, FORKED, NO_CONTRACT])
def test_two_that_differ_hold_and_both_are_named(other: Answers) -> None:
    world = _said(_brings(5), other)
    with pytest.raises(EndpointsDisagree, match=r"http://0: it brings .* USD; http://1: "):
        world.check()
    assert "nothing is sent until they agree" in str(world.problems[-1])


@pytest.mark.parametrize("liar", [0, 1, 2])
def test_of_three_the_majority_decides_and_the_other_is_distrusted(liar: int) -> None:
    answers = [_brings(5)] * 3
    answers[liar] = REVERTS
    world = _said(*answers)
    outcome = world.check()
    assert isinstance(outcome, SimSettled)
    assert outcome.change == Usd18(5)
    assert world.chain.distrusted == [f"http://{liar}"]


@pytest.mark.parametrize("silent", [LAGS, BROKEN, None])
def test_who_lags_or_is_silent_has_no_vote(silent: Answers | None) -> None:
    """And is waited for once only."""
    world = _said(_brings(5), silent)
    outcome = world.check()
    assert isinstance(outcome, SimSettled)
    assert outcome.change == Usd18(5)
    assert world.problems == []


def test_who_lags_is_waited_for_once_and_then_asked_along() -> None:
    world = _said(_brings(5), LAGS)

    async def twice(simulator: AgreedSimulator) -> int:
        await _check(simulator)
        before = len(world.chain.asked)
        await _check(simulator)
        return len(world.chain.asked) - before

    assert world.run(twice) == 2
    assert len(world.chain.asked) > 4


def test_while_the_chain_itself_is_disputed_nothing_is_asked() -> None:
    world = _said(_brings(5), _brings(5))
    world.chain.dispute = "endpoints are on different chains"
    with pytest.raises(EndpointsDisagree, match="different chains"):
        world.check()
    assert world.chain.asked == []


def test_a_known_dissenter_is_not_waited_for_again() -> None:
    world = _said(_brings(5), REVERTS, _brings(5))

    async def twice(simulator: AgreedSimulator) -> int:
        await _check(simulator)
        before = len(world.chain.asked)
        await _check(simulator)
        return len(world.chain.asked) - before

    assert world.run(twice) == 2


def test_a_block_that_reaches_the_second_endpoint_a_little_later() -> None:
    world = World(FakeEndpoints([(_brings(5), LAGS), (_brings(5), _brings(6)), (_brings(5), _brings(5))]))
    assert isinstance(world.check(), SimSettled)
    assert world.problems == [None]


def test_a_block_that_all_have_replaced_is_gone() -> None:
    with pytest.raises(BlockUnknown, match="has another block there"):
        _said(FORKED, FORKED).check()


def test_what_was_disputed_is_asked_again_until_they_agree() -> None:
    world = World(FakeEndpoints([(_brings(5), REVERTS)] * 30))

    async def dispute(simulator: AgreedSimulator) -> None:
        await simulator.reconsider()
        assert world.chain.asked == []
        with pytest.raises(EndpointsDisagree):
            await _check(simulator)
        world.chain.rounds = [(_brings(5), REVERTS)]
        await simulator.reconsider()
        world.chain.rounds = [(REVERTS, REVERTS)]
        await simulator.reconsider()

    world.run(dispute)
    assert [problem is None for problem in world.problems] == [False, False, True]
