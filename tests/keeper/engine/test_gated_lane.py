"""Behind a closed gate a lane only observes: what it finds is recorded, what it has sent is seen to."""

from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Settled
from keeper.domain.chain import BlocksReverted, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Included, Outcome, Reverted
from keeper.domain.records import DecisionRecord, EvaluationRecord, OutcomeRecord, SimulationRecord
from keeper.domain.skip_reason import SkipReason
from keeper.engine.breakers import Breakers
from keeper.engine.false_positives import FalsePositives
from keeper.engine.gates import Gate, Gates
from keeper.engine.loss_limit import LossLimit
from tests.keeper.engine.fakes import OPERATOR, ListDispatcher, block_ref
from tests.keeper.engine.test_chain_lane import ALICE, OPENS, World, added, world_of


@dataclass
class _Door:
    """A gate's problem; `looks_left` counts how often it is still seen open."""

    looks_left: int

    def problem(self) -> str | None:
        self.looks_left -= 1
        return None if self.looks_left >= 0 else "shut"


def _world(reason: SkipReason, looks: int) -> tuple[World, ListDispatcher]:
    """Each block has one look, each candidate one before the work and one before the sending."""
    world = world_of(gates=Gates([Gate(reason, _Door(looks).problem)], lambda name, problem: None))
    assert world.dispatcher is not None
    return world, world.dispatcher


def _settled(outcome: Outcome) -> Settled:
    name = Hash32("0x01")
    return Settled(Attempt(CandidateId("c1"), "toy", AccountKey(ALICE), block_ref(1), name, OPERATOR, 1, Fees(1, 1), 1, None, 0), outcome)


def test_candidates_are_found_decided_and_recorded_and_not_simulated() -> None:
    world, _ = _world(SkipReason.KILL_SWITCH, 0)
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", None), ("liquidate", "kill_switch")]
    assert [row.detail for row in world.recorder.of(DecisionRecord)] == [None, "shut"]
    assert (world.recorder.of(SimulationRecord), len(world.recorder.of(EvaluationRecord))) == ([], 1)


def test_a_gate_that_closes_while_a_candidate_is_simulated_stops_it_right_before_it_is_sent() -> None:
    world, dispatcher = _world(SkipReason.SEQUENCER_DOWN, 2)
    world.run(added(1, OPENS))
    assert (world.decisions()[-1], dispatcher.jobs) == (("liquidate", "sequencer_down"), [])
    assert [row.method for row in world.recorder.of(SimulationRecord)] == ["call", "fork"]


def test_what_is_in_flight_is_told_as_ever() -> None:
    world, dispatcher = _world(SkipReason.BASE_FEE_SPIKE, 3)
    world.run(added(1, OPENS))
    assert len(dispatcher.jobs) == 1
    dispatcher.results = [_settled(Included(Hash32("0x01"), block_ref(2), 1, 1, ()))]
    world.run(added(2))
    assert [row.outcome for row in world.recorder.of(OutcomeRecord)] == ["included"]


def test_a_job_that_the_kill_switch_stops_in_the_dispatcher_is_not_taken_for_a_spending_cap() -> None:
    """It was engaged between the last look and the signature."""
    world, dispatcher = _world(SkipReason.KILL_SWITCH, 3)
    dispatcher.full = True
    world.run(added(1, OPENS))
    assert world.decisions()[-1] == ("liquidate", "kill_switch")


def test_what_reverts_on_the_chain_stops_the_key_until_its_block_is_gone() -> None:
    false_positives = FalsePositives(1, 10**9, lambda: 1.0, lambda: False)
    gates = Gates([Gate(SkipReason.FALSE_POSITIVES, false_positives.problem)], lambda name, problem: None)
    world = world_of(breakers=Breakers(false_positives, LossLimit(0, lambda: 1.0), gates, lambda: 1.0))
    assert world.dispatcher is not None
    world.run(added(1, OPENS))
    world.dispatcher.open.clear()
    world.dispatcher.results = [_settled(Reverted(Hash32("0x01"), block_ref(2), 1, 1, b"healthy"))]
    world.run(added(2))
    assert (world.decisions()[-1], len(world.dispatcher.jobs)) == (("liquidate", "false_positives"), 1)
    world.run(BlocksReverted(block_ref(1), (block_ref(2),)), added(2, fork=1))
    assert len(world.dispatcher.jobs) == 2
