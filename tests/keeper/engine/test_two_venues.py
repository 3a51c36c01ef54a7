"""Two deployments of one protocol on one chain: what happens to one is no affair of the other's."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from keeper.domain.chain import BlockRef, BlocksReverted, ChainEvent, RawLog, Timestamp
from keeper.domain.money import Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import BlockRecord, DecisionRecord, EvaluationRecord
from keeper.domain.venue import Event
from keeper.engine.questions import ChainQuestions
from keeper.engine.start import Position, Start
from keeper.errors import DecodeError, StateDivergence
from tests.keeper.engine.fakes import FakeChain, ScriptedSimulator, block_ref
from tests.keeper.engine.test_chain_lane import ALICE, OPENS, World, added, stream, world_of
from tests.keeper.engine.toy import Opened, ToyVenue

PRICES = {2 * number: 85 for number in range(1, 30)}
GOOD = SimSettled(Usd18.of_units(9), 90_000, (), 1.0)


def _encode(venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
    return venue.encode()


@dataclass
class _Choosy(ScriptedSimulator):
    """Reverts what is of the first venue."""

    async def pre_check(self, sender: Any, to: Any, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        return SimReverted(b"no", 1, 1.0) if calldata == b"toy" else self.checked


@dataclass
class _Slow(ChainQuestions):
    """Answers the questions of a venue only when the gate is open."""

    chain: FakeChain
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__init__(self.chain)

    async def refresh(self, *question: Any) -> Any:
        await self.gate.wait()
        return await super().refresh(*question)


def _pair(**changes: Any) -> World:
    return world_of(venue=ToyVenue(PRICES), twin=ToyVenue(PRICES), encode=_encode, **changes)


def _decisions(world: World, venue: str) -> list[tuple[int, str, str | None]]:
    return [(row.block_number, row.stage, row.reason) for row in world.recorder.of(DecisionRecord) if row.venue == venue]


def test_one_venues_cooldown_does_not_mute_the_other() -> None:
    """The same trader has the same address on both."""
    world = _pair(simulator=_Choosy(GOOD, GOOD))
    world.run(added(1, OPENS), added(2), added(3))
    assert {reason for _, _, reason in _decisions(world, "toy")} == {None, "pre_check_reverted", "cooling_down"}
    assert world.dispatcher is not None
    assert [part.venue for job in world.dispatcher.jobs for part in job.parts] == ["twin"]
    assert (2, "decide", "in_flight") in _decisions(world, "twin")


def test_a_block_is_one_row_and_both_venues_rows_at_once() -> None:
    world = _pair()
    world.run(added(1, OPENS), work=False)
    (row,) = world.recorder.of(BlockRecord)
    assert (row.logs, row.evaluated) == (2, 2)
    assert world.recorder.venues == [("toy", "twin")]


def _slow_pair() -> tuple[World, _Slow]:
    world = _pair()
    slow = _Slow(world.chain)
    world.lane._lanes["toy"].evaluator._questions = slow
    return world, slow


def _run(world: World, slow: _Slow, *events: ChainEvent) -> list[tuple[int, ...]]:
    """The events while the first venue gets no answer; then it gets all. What the twin's candidates were when that happened."""

    async def feed() -> list[tuple[int, ...]]:
        seen: list[tuple[int, ...]] = []

        async def then_open() -> Any:
            for event in events:
                yield event
            seen.append(tuple(number for number, stage, _ in _decisions(world, "twin") if stage == "decide"))
            slow.gate.set()

        await world.lane.run(then_open())
        return seen

    return asyncio.run(asyncio.wait_for(feed(), 10))


def test_a_slow_venue_holds_up_no_other_and_loses_nothing() -> None:
    """Its rows come when they can, of the same blocks."""
    world, slow = _slow_pair()
    assert _run(world, slow, added(1, OPENS), added(2), added(3)) == [(1, 2, 3)]
    assert [row.block_number for row in world.recorder.of(EvaluationRecord) if row.venue == "toy"] == [1, 2, 3]
    assert world.recorder.venues == [("twin",), ("twin",), ("twin",), ("toy",), ("toy",), ("toy",)]


def test_a_slow_venues_figures_are_told_and_the_head_does_not_go_back() -> None:
    world, slow = _slow_pair()
    _run(world, slow, added(1, Opened(ALICE, 10, 100)), added(2), added(3))
    rows = [(row.block_number, row.evaluated, row.watched) for row in world.recorder.of(BlockRecord)]
    assert rows == [(1, 1, 1), (2, 0, 1), (3, 0, 1)] * 2, "the lake adds up what comes of one block"
    figure = world.lane._metrics.collectors.registry.get_sample_value
    assert figure("keeper_head_block", {"chain": "chain"}) == 3
    assert figure("keeper_block_seconds_count", {"chain": "chain"}) == 3
    assert figure("keeper_evaluations_total", {"chain": "chain"}) == 2
    assert [figure("keeper_watched_accounts", {"chain": "chain", "venue": venue}) for venue in ("toy", "twin")] == [1, 1]


def test_a_slow_venues_rows_of_an_orphaned_block_are_not_written() -> None:
    world, slow = _slow_pair()
    orphan = added(2)
    _run(world, slow, added(1, OPENS), orphan, BlocksReverted(block_ref(1), (orphan.block,)), added(2, fork=1))
    hashes = [row.block_hash for row in world.recorder.of(EvaluationRecord) if row.venue == "toy"]
    assert hashes == [block_ref(1).hash, block_ref(2, fork=1).hash]


def test_a_venue_that_stops_takes_no_other_with_it() -> None:
    world = _pair()
    world.lane._lanes["toy"].evaluator.venue = _Illegible(PRICES)
    world.run(added(1, OPENS), added(2), work=False)
    assert [number for number, stage, _ in _decisions(world, "twin") if stage == "decide"] == [1, 2]
    assert world.recorder.venues == [("twin",), ("twin",)]
    assert world.readiness.problems() == {"venue toy": "stopped: DecodeError: an event of a newer version"}


def test_a_venue_that_failed_before_following_began_takes_no_other_with_it() -> None:
    world = _pair()
    start = Start({"twin": Position(block_ref(0))}, 0, {"toy": StateDivergence("its rows do not fit together")})
    asyncio.run(world.lane.run(stream(added(1, OPENS), added(2)), start))
    assert [number for number, stage, _ in _decisions(world, "twin") if stage == "decide"] == [1, 2]
    assert _decisions(world, "toy") == []
    assert world.recorder.venues == [("twin",), ("twin",)]
    assert world.lane.evaluators.keys() == {"twin"}
    assert world.readiness.problems() == {"venue toy": "stopped: StateDivergence: its rows do not fit together"}


class _Illegible(ToyVenue):
    """Cannot read what the other can."""

    def decode(self, log: RawLog) -> Event | None:
        raise DecodeError("an event of a newer version")
