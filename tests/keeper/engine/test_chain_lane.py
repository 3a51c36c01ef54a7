"""A block's life through the lanes of its chain: rows, decisions, lost races, reorgs, a venue that stops, a node that forgets a block."""

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import structlog

from keeper.chain.refusals import RateLimited
from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job, Settled
from keeper.domain.chain import BlockAdded, BlockFinalised, BlockRef, BlocksReverted, ChainEvent, Hash32, RawLog, Reads, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import CandidateId, Limits, Skip
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.fees import Fees
from keeper.domain.fixed import X18
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import Included, Reverted, SimOutcome, SimReverted, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import (
    AccountSnapshotRecord,
    AttemptRecord,
    BlockRecord,
    DecisionRecord,
    EvaluationRecord,
    InsuranceFundRecord,
    LiquidationRecord,
    OutcomeRecord,
    PoolStateRecord,
    SimulationRecord,
)
from keeper.domain.skip_reason import SkipReason
from keeper.domain.venue import Book, Event
from keeper.engine.attempts import Attempts
from keeper.engine.breakers import Breakers
from keeper.engine.chain_lane import ChainLane
from keeper.engine.chain_status import ChainStatus
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.gates import Gates
from keeper.engine.holds import Holds
from keeper.engine.key_lane import KeyLane
from keeper.engine.liquidator import ExecutionSetup, Liquidator, LiquidatorOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.metrics import Metrics
from keeper.engine.ports import Encoder, OperatorWatch
from keeper.engine.questions import ChainQuestions, NewestFee
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.recent_blocks import RecentBlocks
from keeper.engine.required_quotes import RequiredQuotes
from keeper.engine.settlements import Settlements
from keeper.engine.start import Position, Start
from keeper.engine.tripwire import Tripwire
from keeper.engine.venue_lane import LaneServices, VenueLane
from keeper.engine.venue_rows import RowOptions
from keeper.errors import (
    BlockUnknown,
    ConfigError,
    EndpointsDisagree,
    Fatal,
    RpcError,
    RpcUnavailable,
    SignerUnavailable,
    StateDivergence,
    Transient,
)
from keeper.gating import stop_of
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness
from tests.keeper.engine.decided import ScriptedVenue, plan_of, unwinding_plan
from tests.keeper.engine.fakes import (
    EXECUTOR,
    OPERATOR,
    FakeChain,
    ListDispatcher,
    ListRecorder,
    ScriptedMender,
    ScriptedSimulator,
    block_ref,
    encoded_batch,
)
from tests.keeper.engine.quoted import ListService, quote_of
from tests.keeper.engine.toy import EXCHANGE, JudgedToy, Liquidated, Opened, ToyVenue, log_of
from tests.keeper.engine.ungated import idle_breakers, open_gates

ALICE = "0xa11ce"
BREACHED = {2: 85, 4: 85, 6: 85, 8: 85}


@dataclass
class World:
    """A chain's lane with everything it touches."""

    lane: ChainLane
    chain: FakeChain
    recorder: ListRecorder
    simulator: ScriptedSimulator
    dispatcher: ListDispatcher | None
    liquidator: Liquidator
    mailbox: Mailbox
    readiness: Readiness

    def run(self, *events: ChainEvent, work: bool = True) -> None:
        """Feed the events one by one, working off the mailbox after each."""

        async def feed() -> None:
            for event in events:
                await self.lane.run(stream(event))
                while work and len(self.mailbox):
                    cases = await self.mailbox.take()
                    await self.liquidator.work(cases, self.mailbox.newest_block)
                    await self.mailbox.done(cases)

        asyncio.run(feed())

    def decisions(self) -> list[tuple[str, str | None]]:
        return [(row.stage, row.reason) for row in self.recorder.of(DecisionRecord)]


async def stream(*events: ChainEvent) -> AsyncIterator[ChainEvent]:
    for event in events:
        yield event


def world_of(
    *,
    simulates: bool = True,
    executes: bool = True,
    settled: SimSettled | SimReverted | None = None,
    checked: SimSettled | SimReverted | None = None,
    limits: Limits | None = None,
    chain: FakeChain | None = None,
    tripwire_blocks: int = 0,
    venue: ToyVenue | None = None,
    twin: ToyVenue | None = None,
    simulator: ScriptedSimulator | None = None,
    dispatcher: ListDispatcher | None = None,
    mender: ScriptedMender | None = None,
    gas_coin_market: str = "TOY",
    encode: Encoder = lambda venue, plan, min_change: b"call",
    newest_fee: NewestFee | None = None,
    settlements: Settlements | None = None,
    quotes: QuoteBoard | None = None,
    forecast: bool = False,
    service: ListService | None = None,
    watch: OperatorWatch | None = None,
    gates: Gates | None = None,
    breakers: Breakers | None = None,
) -> World:
    good = SimSettled(Usd18.of_units(9), 90_000, (), 1.0)
    chain, recorder = chain or FakeChain(), ListRecorder()
    gates, breakers = gates or open_gates(), breakers or idle_breakers()
    simulator = simulator or ScriptedSimulator(checked or good, settled or good)
    dispatcher = dispatcher or (ListDispatcher() if executes else None)
    venues = {"toy": venue or ToyVenue(BREACHED), **({"twin": twin} if twin is not None else {})}
    setup = ExecutionSetup(simulator if simulates else None, dispatcher, encode, encoded_batch, OPERATOR, EXECUTOR, settlements=settlements)
    limits = limits or Limits(min_profit=Usd18.of_units(1))
    evaluators: dict[str, Evaluator] = {
        name: Evaluator(each, ChainQuestions(chain, newest_fee, quotes), executor=EXECUTOR, block_seconds=2, forecast=forecast)
        for name, each in venues.items()
    }
    liquidator = Liquidator(
        setup,
        recorder,
        LiquidatorOptions(limits, chain_id=1, block_seconds=2, cooldown_blocks=3),
        clock=lambda: 1.0,
        name_revert={name: each.revert_reason for name, each in venues.items()},
        required_quotes={} if service is None else {name: RequiredQuotes(each, service) for name, each in evaluators.items()},
        stop=stop_of(gates, breakers.gates),
    )
    mailbox = Mailbox(liquidator.room)
    log = structlog.get_logger()
    status = ChainStatus(Heartbeat(lambda: 1.0, 60.0), Readiness(LogAlerts(log), log), Metrics())
    policy = DecisionPolicy(1, EXECUTOR, limits, gas_coin_market, FeePolicy(10**6, 10**11), setup.encode)
    holds = Holds(mender or ScriptedMender(), status.readiness.report)
    attempts = Attempts(dispatcher, recorder, 1, EXECUTOR, log, status.metrics, {name: each.revert_reason for name, each in venues.items()})
    gas = GasPriceSource(policy, tuple(venues))
    decisions = Decisions(policy, gas, attempts, liquidator, mailbox, holds, status.metrics)
    services = LaneServices(chain, recorder, status, log, lambda: 1.0, 1)
    tripwire, options = Tripwire(chain, every_blocks=tripwire_blocks, accounts=2), RowOptions(0, True)
    lanes = [VenueLane(name, evaluator, services, decisions, tripwire, holds, options) for name, evaluator in evaluators.items()]
    key = KeyLane(decisions, settlements, watch, 1, log, breakers)
    lane = ChainLane(services, lanes, [key], gas, patience_s=0.05, recent=RecentBlocks(1), gates=gates)
    return World(lane, chain, recorder, simulator, dispatcher, liquidator, mailbox, status.readiness)


def added(number: int, *events: Opened | Liquidated, fork: int = 0) -> BlockAdded:
    block = block_ref(number, fork=fork)
    return BlockAdded(block, tuple(log_of(event, block, index) for index, event in enumerate(events)))


OPENS = Opened(ALICE, 10, 800)


def test_a_breach_is_decided_checked_settled_and_sent_and_every_stage_leaves_a_row() -> None:
    world = world_of()
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", None)]
    assert [(row.method, row.settled, row.profit_usd) for row in world.recorder.of(SimulationRecord)] == [
        ("call", True, 9.0),
        ("fork", True, 9.0),
    ]
    (evaluation,) = world.recorder.of(EvaluationRecord)
    world.run(added(2))
    (attempt,) = world.recorder.of(AttemptRecord)
    assert attempt.candidate_id == evaluation.candidate_id == world.recorder.of(DecisionRecord)[0].candidate_id
    assert world.dispatcher is not None
    assert [part.account for job in world.dispatcher.jobs for part in job.parts] == [ALICE]


def test_an_account_in_flight_is_not_sent_again() -> None:
    world = world_of()
    world.run(added(1, OPENS), added(2))
    assert world.dispatcher is not None
    assert len(world.dispatcher.jobs) == 1
    assert ("decide", "in_flight") in world.decisions()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"simulates": False, "executes": False}, "observing"),
        ({"executes": False}, "simulating"),
        ({"checked": SimReverted(b"too late", 1, 1.0)}, "pre_check_reverted"),
        ({"settled": SimReverted(b"too late", 1, 1.0)}, "simulation_reverted"),
        ({"settled": SimSettled(Usd18(10), 90_000, (), 1.0)}, "simulation_unprofitable"),
    ],
)
def test_a_candidate_that_is_not_sent_says_why(changes: dict[str, Any], reason: str) -> None:
    world = world_of(**changes)
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", None), ("liquidate", reason)]
    assert world.recorder.of(AttemptRecord) == []


class _Stale(ScriptedSimulator):
    """Reverts for want of the toy's price until the plan pushes it."""

    async def pre_check(self, sender: Any, to: Any, calldata: bytes, gas: int, block: BlockRef, at: Any) -> SimOutcome:
        return self.checked if b"signed 80" in calldata else SimReverted(b"stale toy", 1, 1.0)


def _joined(venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
    return b"".join(call.calldata for call in plan.calls)


def test_a_plan_that_reverts_for_want_of_a_price_is_sent_with_it() -> None:
    good = SimSettled(Usd18.of_units(9), 90_000, (), 1.0)
    world = world_of(simulator=_Stale(good, good), encode=_joined, service=ListService([quote_of(80, 1)]))
    world.run(added(1, OPENS))
    assert [row.settled for row in world.recorder.of(SimulationRecord) if row.method == "call"] == [False, True]
    assert world.dispatcher is not None
    assert [job.calldata for job in world.dispatcher.jobs] == [b"signed 80" + ALICE.encode()]


@dataclass
class _Clocked(ScriptedSimulator):
    """Notes the times at which it is asked."""

    moments: list[Timestamp] = field(default_factory=list)

    async def pre_check(self, sender: Any, to: Any, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        self.moments.append(at)
        return self.checked if b"signed 80" in calldata else SimReverted(b"stale toy", 1, 1.0)

    async def settle(self, sender: Any, to: Any, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        self.moments.append(at)
        return self.settled


def test_a_plan_with_a_price_is_simulated_at_no_time_before_that() -> None:
    """A head that is late: signed prices are of a time when the next block should have been there already."""
    good = SimSettled(Usd18.of_units(9), 90_000, (), 1.0)
    simulator = _Clocked(good, good)
    block = added(1, OPENS)
    following = block.block.timestamp + 2
    world = world_of(simulator=simulator, encode=_joined, service=ListService([quote_of(80, following + 3)]))
    world.run(block)
    assert simulator.moments == [following, following + 3, following + 3]


def test_without_the_price_it_asks_for_it_is_left() -> None:
    good = SimSettled(Usd18.of_units(9), 90_000, (), 1.0)
    world = world_of(simulator=_Stale(good, good), encode=_joined, service=ListService())
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", None), ("liquidate", "pre_check_reverted")]


def test_a_spending_cap_is_a_reason_not_an_error() -> None:
    world = world_of()
    assert world.dispatcher is not None
    world.dispatcher.full = True
    world.run(added(1, OPENS))
    assert world.decisions()[-1] == ("liquidate", "spending_cap")


@dataclass
class _UnsignedDispatcher(ListDispatcher):
    """Nobody signs for it."""

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        raise SignerUnavailable("http://signer: no answer in 2 s")


def test_a_signer_that_does_not_answer_is_a_reason_of_its_own_and_nothing_is_left_to_settle() -> None:
    settlements = Settlements()
    world = world_of(dispatcher=_UnsignedDispatcher(), settlements=settlements)
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", None), ("liquidate", "signer_unavailable")]
    assert len(settlements) == 0


def test_a_plan_that_keeps_reverting_is_tried_ever_more_rarely() -> None:
    world = world_of(settled=SimReverted(b"no", 1, 1.0), venue=ToyVenue({2 * number: 85 for number in range(1, 12)}))
    world.run(added(1, OPENS), *(added(number) for number in range(2, 12)))
    tried = [row.block_number for row in world.recorder.of(SimulationRecord) if row.method == "fork"]
    assert tried == [1, 2, 4, 8]
    assert world.decisions().count(("decide", "cooling_down")) == 7


def test_limits_decide_before_anything_is_simulated() -> None:
    world = world_of(limits=Limits(min_profit=Usd18.of_units(1000)))
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", "unprofitable")]
    denied = world_of(limits=Limits(min_profit=ZERO_USD, deny=frozenset({AccountKey(ALICE)})))
    denied.run(added(1, OPENS))
    assert denied.decisions() == [("decide", "denied")]


def _attempt(block: BlockRef) -> Attempt:
    return Attempt(CandidateId("c1"), "toy", AccountKey(ALICE), block, Hash32("0x01"), OPERATOR, 1, Fees(1, 1), 1, None, 0)


def test_outcomes_carry_proceeds_and_gas_and_our_liquidations_their_candidate() -> None:
    world = world_of()
    assert world.dispatcher is not None
    block = block_ref(2)
    log = log_of(Liquidated(ALICE, EXECUTOR), block, 0)
    included = Included(log.transaction_hash, block, 50_000, 50_000 * 10**9, (log,))
    world.run(added(1, OPENS))
    world.dispatcher.results = [Settled(_attempt(block_ref(1)), included)]
    world.dispatcher.candidates = {log.transaction_hash: CandidateId("c1")}
    world.run(BlockAdded(block, (log,)))
    (outcome,) = world.recorder.of(OutcomeRecord)
    assert (outcome.outcome, outcome.profit_usd, outcome.blocks_since_seen) == ("included", 1.0, 1)
    assert outcome.gas_cost_usd == pytest.approx(50_000 * 1e-9 * 85)
    (liquidation,) = world.recorder.of(LiquidationRecord)
    assert (liquidation.ours, liquidation.candidate_id) == (True, "c1")


def test_a_revert_after_a_rival_took_the_account_is_outbid() -> None:
    world = world_of()
    assert world.dispatcher is not None
    world.run(added(1, OPENS))
    world.dispatcher.results = [Settled(_attempt(block_ref(1)), Reverted(Hash32("0x01"), block_ref(2), 1, 1, b"healthy"))]
    world.run(added(2, Liquidated(ALICE, "0xf1")))
    assert [(row.outcome, row.reason) for row in world.recorder.of(OutcomeRecord)] == [("outbid", "0xf1")]


def test_a_revert_without_a_rival_keeps_the_venues_reason() -> None:
    world = world_of()
    assert world.dispatcher is not None
    world.run(added(1, OPENS))
    world.dispatcher.results = [Settled(_attempt(block_ref(1)), Reverted(Hash32("0x01"), block_ref(2), 1, 1, b"healthy"))]
    world.run(added(2))
    assert [(row.outcome, row.reason) for row in world.recorder.of(OutcomeRecord)] == [("reverted", "healthy")]


@dataclass
class _DoubtedWatch:
    """Counts what makes it doubt."""

    doubts: int = 0

    async def turn(self, number: int) -> None:
        return None

    def doubt(self) -> None:
        self.doubts += 1


def test_a_revert_is_a_reason_to_look_at_the_operators_rights() -> None:
    """Of several keys, one that has lost its right passes the pre-check of another."""
    watch = _DoubtedWatch()
    world = world_of(watch=watch)
    assert world.dispatcher is not None
    world.run(added(1, OPENS))
    assert watch.doubts == 0
    world.dispatcher.results = [Settled(_attempt(block_ref(1)), Reverted(Hash32("0x01"), block_ref(2), 1, 1, b"healthy"))]
    world.run(added(2))
    assert watch.doubts == 1


def test_a_reorg_undoes_the_book_and_the_rows() -> None:
    world = world_of()
    orphan = added(2, Opened("0xdead", 1, 1000), fork=0)
    world.run(added(1, OPENS), orphan, BlocksReverted(block_ref(1), (orphan.block,)), added(2, fork=1), work=False)
    assert world.recorder.reverted == [orphan.block]
    last = [row for row in world.recorder.of(EvaluationRecord) if row.block_hash == block_ref(2, fork=1).hash]
    assert {row.account for row in last} == {ALICE}


def test_stale_cases_are_recorded_when_a_newer_block_replaces_them() -> None:
    world = world_of()
    world.run(added(1, OPENS), added(2), work=False)
    assert ("mailbox", "stale") in world.decisions()


def test_an_unreadable_log_stops_the_venue_and_the_last_venue_stops_the_daemon() -> None:
    world = world_of()
    block = block_ref(1)
    garbage = RawLog(EXCHANGE, (b"?",), b"?", 1, block.hash, Hash32("0x00"), 0)
    with pytest.raises(Fatal, match="toy stopped with DecodeError"):
        world.run(BlockAdded(block, (garbage,)))


def _words(equity: int, requirement: int) -> bytes:
    return (equity * X18).to_bytes(32, signed=True) + (requirement * X18).to_bytes(32)


def _strayed(*failures: Exception) -> World:
    """The contract's view is one unit off from block 1 on."""
    return world_of(
        chain=FakeChain(view=_words(50, 85)),
        tripwire_blocks=1,
        venue=ToyVenue(BREACHED | {10: 85}, chain_offset=1),
        mender=ScriptedMender(list(failures)),
    )


def test_the_tripwire_records_agreement() -> None:
    world = world_of(chain=FakeChain(view=_words(50, 85)), tripwire_blocks=1)
    world.run(added(1, OPENS), added(2))
    assert [row.matches for row in world.recorder.of(AccountSnapshotRecord)] == [True]
    assert world.readiness.problems() == {}


def test_a_verdict_of_the_contract_is_recorded_and_an_unknown_one_holds_nobody() -> None:
    """It is no agreement either."""
    world = world_of(chain=FakeChain(view=b"unknown: paused"), tripwire_blocks=1, venue=JudgedToy(BREACHED))
    world.run(added(1, OPENS), added(2))
    rows = world.recorder.of(AccountSnapshotRecord)
    assert [(row.matches, row.breach, row.chain_verdict, row.chain_reason) for row in rows] == [(None, "positions", "unknown", "paused")]
    assert world.readiness.problems() == {}


def test_a_wrong_verdict_holds_the_venue() -> None:
    venue, mender = JudgedToy(BREACHED), ScriptedMender([EndpointsDisagree("http://a says healthy")])
    world = world_of(chain=FakeChain(view=b"healthy: enough margin"), tripwire_blocks=1, venue=venue, mender=mender)
    world.run(added(1, OPENS), added(2), work=False)
    assert world.recorder.of(AccountSnapshotRecord) == []
    assert world.readiness.problems() == {"venue toy": "held: http://a says healthy"}


def test_a_venue_that_differs_is_mended_at_once_and_goes_on() -> None:
    """What was waiting for it is withdrawn; with the next block it is decided anew."""
    world = _strayed()
    world.run(added(1, OPENS), added(2), work=False)
    assert world.recorder.of(AccountSnapshotRecord) == []
    assert ("mailbox", "venue_held") in world.decisions()
    assert len(world.mailbox) == 0
    assert world.readiness.problems() == {}


def test_a_venue_whose_endpoints_disagree_is_held_and_says_so_until_they_agree() -> None:
    world = _strayed(EndpointsDisagree("http://a says 1, http://b says 2"), BlockUnknown(0, "unknown"))
    world.run(added(1, OPENS), added(2), work=False)
    assert world.readiness.problems() == {"venue toy": "held: http://a says 1, http://b says 2"}
    world.run(added(3), work=False)
    assert world.decisions()[-1] == ("decide", "venue_held")
    world.run(added(4), work=False)
    assert world.readiness.problems() == {}


def test_a_venue_that_nothing_mends_stops() -> None:
    world = _strayed(StateDivergence("hopeless"))
    with pytest.raises(Fatal, match="StateDivergence: hopeless"):
        world.run(added(1, OPENS), added(2))
    assert [row.matches for row in world.recorder.of(AccountSnapshotRecord)] == [False]


class _Strict(ToyVenue):
    """Refuses an event its book cannot have led to, as often as told."""

    refusals = 1

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        if isinstance(event, Opened) and event.trader == "0xb0b" and self.refusals:
            self.refusals -= 1
            raise StateDivergence("0xb0b has no account")
        return super().apply(event, book)


@pytest.mark.parametrize("refusals", [1, 2])
def test_an_event_that_does_not_fit_the_book_is_taken_in_when_the_book_is_mended(refusals: int) -> None:
    venue = _Strict(BREACHED)
    venue.refusals = refusals
    mender = ScriptedMender([])
    world = world_of(venue=venue, mender=mender)
    world.run(added(1, OPENS), work=False)
    if refusals > 1:
        with pytest.raises(Fatal, match="StateDivergence"):
            world.run(added(2, Opened("0xb0b", 1, 1)), work=False)
    else:
        world.run(added(2, Opened("0xb0b", 1, 1)), work=False)
        assert [row.block_number for row in world.recorder.of(BlockRecord)] == [1, 2]
    assert mender.blocks == [1], "the block before"


UNKNOWN = BlockUnknown(-32000, "header not found")
INTERNAL = RpcError(-32603, "internal error")


@dataclass
class _SickChain(FakeChain):
    """Fails the first `fails` questions about block 2."""

    fails: int = 2
    failure: Exception = UNKNOWN

    async def run(self, reads: Any, block: BlockRef, at: Any = None) -> Any:
        if block.number == 2 and self.fails:
            self.fails -= 1
            raise self.failure
        return await super().run(reads, block, at)


@pytest.mark.parametrize("failure", [UNKNOWN, INTERNAL, RpcUnavailable("refused"), RateLimited("slow down")])
def test_a_block_no_endpoint_can_answer_for_is_read_again_when_it_was_not_orphaned(failure: Exception) -> None:
    """Late, but in order, and whatever the endpoints said."""
    world = world_of(chain=_SickChain(fails=1 if isinstance(failure, Transient) else 2, failure=failure))
    world.run(*(added(number, *([OPENS] if number == 1 else [])) for number in range(1, 5)), work=False)
    assert [row.block_number for row in world.recorder.of(BlockRecord)] == [1, 2, 3, 4]


def test_a_block_no_node_knows_is_dropped_when_it_was_orphaned() -> None:
    world = world_of(chain=_SickChain())
    lost, child = added(2), added(3)
    gone = BlocksReverted(block_ref(1), (child.block, lost.block))
    world.run(added(1, OPENS), lost, BlockFinalised(block_ref(1)), child, gone, added(2, fork=1), work=False)
    assert [row.block_hash for row in world.recorder.of(BlockRecord)] == [block_ref(1).hash, block_ref(2, fork=1).hash]


def test_a_canonical_block_that_stays_unreadable_makes_it_not_ready_and_is_not_the_end() -> None:
    chain = _SickChain(fails=99)
    world = world_of(chain=chain, venue=ToyVenue({2 * number: 85 for number in range(1, 30)}))
    world.run(*(added(number) for number in range(1, 20)), work=False)
    assert "no endpoint can read block 2" in world.readiness.problems()["reads of toy"]
    chain.fails = 0
    world.run(added(20), work=False)
    assert world.readiness.problems() == {}
    assert [row.block_number for row in world.recorder.of(BlockRecord)] == list(range(1, 21))


@dataclass
class _SickSimulator(ScriptedSimulator):
    """Its node answers an error."""

    failure: Exception = INTERNAL

    async def pre_check(self, *_: Any) -> Any:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "reason"), [(INTERNAL, "endpoint_down"), (RpcUnavailable("refused"), "endpoint_down"), (UNKNOWN, "stale")]
)
def test_a_candidate_nobody_can_simulate_is_left_with_a_reason(failure: Exception, reason: str) -> None:
    good = SimSettled(Usd18(9_000_000), 90_000, (), 1.0)
    world = world_of(simulator=_SickSimulator(good, good, failure=failure))
    world.run(added(1, OPENS))
    assert world.decisions() == [("decide", None), ("liquidate", reason)]


@dataclass
class _SickDispatcher(ListDispatcher):
    """Nobody answers for its nonces."""

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        raise INTERNAL


def test_an_error_about_open_attempts_does_not_end_the_block() -> None:
    world = world_of(dispatcher=_SickDispatcher())
    world.run(added(1, OPENS), work=False)
    assert [row.block_number for row in world.recorder.of(BlockRecord)] == [1]


def test_a_guarded_plan_is_sent_on_its_pre_check_and_settled_afterwards() -> None:
    settlements = Settlements()
    world = world_of(settlements=settlements)
    world.run(added(1, OPENS))
    assert [row.method for row in world.recorder.of(SimulationRecord)] == ["call"]
    assert world.dispatcher is not None
    assert len(world.dispatcher.jobs) == 1

    async def settle() -> None:
        await world.liquidator.settle(await settlements.take())

    asyncio.run(settle())
    call, fork = world.recorder.of(SimulationRecord)
    assert (fork.method, fork.candidate_id) == ("fork", call.candidate_id)


def test_closing_what_the_executor_holds_is_settled_before_it_is_sent() -> None:
    settlements = Settlements()
    world = world_of(settlements=settlements, venue=ScriptedVenue({2: 100}, {}, lambda _: unwinding_plan(EXECUTOR)))
    world.run(added(1, OPENS))
    assert [row.method for row in world.recorder.of(SimulationRecord)] == ["call", "fork"]
    assert len(settlements) == 0


def test_a_plan_without_a_guard_is_settled_before_it_is_sent_and_need_not_pay() -> None:
    settlements = Settlements()
    plan = replace(plan_of(ALICE, reward=0), guarded=False)
    venue = ScriptedVenue({2: 85}, {ALICE: lambda _: plan})
    world = world_of(settlements=settlements, settled=SimSettled(ZERO_USD, 90_000, (), 1.0), venue=venue)
    world.run(added(1, OPENS))
    assert [row.method for row in world.recorder.of(SimulationRecord)] == ["call", "fork"]
    assert world.dispatcher is not None
    assert [part.account for job in world.dispatcher.jobs for part in job.parts] == [ALICE]
    assert len(settlements) == 0


def test_what_was_not_sent_is_not_settled_either() -> None:
    settlements = Settlements()
    world_of(settlements=settlements, checked=SimReverted(b"healthy", 0, 1.0)).run(added(1, OPENS))
    world_of(settlements=settlements, dispatcher=ListDispatcher(full=True)).run(added(1, OPENS))
    assert len(settlements) == 0


@dataclass
class _SlowDispatcher(ListDispatcher):
    """Its endpoint takes transactions only once the gate is open."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    both: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        attempts = await super().send(job, fees)
        if len(self.jobs) == 2:
            self.both.set()
        await self.gate.wait()
        return attempts


def test_an_endpoint_slow_to_answer_one_transaction_does_not_hold_up_the_next_of_the_same_market() -> None:
    dispatcher = _SlowDispatcher()
    world = world_of(dispatcher=dispatcher)
    world.run(added(1, OPENS), work=False)

    async def work() -> None:
        (case,) = await world.mailbox.take()
        other = replace(case, candidate=replace(case.candidate, account=AccountKey("0xb0b"), id=CandidateId("other")))
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for each in (case, other):
                group.create_task(world.liquidator.work([each], 1))
            await dispatcher.both.wait()
            dispatcher.gate.set()

    asyncio.run(work())
    assert len(dispatcher.jobs) == 2


def _kinds(rows: Sequence[object]) -> set[str]:
    return {type(row).__name__ for row in rows}


def test_a_block_hands_over_all_its_tables_at_once() -> None:
    world = world_of()
    world.run(added(1, OPENS), work=False)
    assert world.recorder.blocks == [block_ref(1)]
    assert _kinds(world.recorder.rows) == {
        "VenueEventRecord", "MarketStateRecord", "PoolRangeRecord", "PoolStateRecord", "InsuranceFundRecord", "AccountFlowRecord",
        "EvaluationRecord", "DecisionRecord", "BlockRecord",
    }  # fmt: skip


def test_a_pool_is_recorded_where_it_has_changed_and_anew_when_its_block_is_replaced() -> None:
    """The same code that reverts the book reverts what was last recorded."""
    prices = {2: 85, 4: 85, 6: 90, 8: 90}
    world = world_of(venue=ToyVenue(prices), simulates=False)
    orphan = added(3)
    world.run(added(1, OPENS), added(2), orphan, BlocksReverted(block_ref(2), (orphan.block,)), added(3, fork=1), added(4), work=False)
    replaced = block_ref(3, fork=1)
    assert [(row.block_hash, row.price) for row in world.recorder.of(PoolStateRecord)] == [
        (block_ref(1).hash, 85.0), (orphan.block.hash, 90.0), (replaced.hash, 90.0),
    ]  # fmt: skip
    assert [(row.block_hash, row.capacity_usd) for row in world.recorder.of(InsuranceFundRecord)] == [
        (block_ref(1).hash, 8.0), (orphan.block.hash, 9.0), (replaced.hash, 9.0),
    ]  # fmt: skip


def test_about_blocks_that_came_while_it_was_down_nothing_is_decided() -> None:
    """They are taken in and told apart; what breached in them is a candidate at the head, due since then."""
    world = world_of(simulates=False)
    start = Start({"toy": Position(block_ref(0))}, 3)
    asyncio.run(world.lane.run(stream(added(1, OPENS), added(2), added(3)), start))
    assert [(row.block_number, row.recovered) for row in world.recorder.of(BlockRecord)] == [(1, True), (2, True), (3, False)]
    (decision,) = world.recorder.of(DecisionRecord)
    assert decision.block_number == 3
    assert world.decisions() == [("decide", None)]


def test_a_venue_that_has_a_block_ignores_it_until_the_chain_replaces_it() -> None:
    world = world_of(simulates=False)
    world.run(added(1, OPENS), added(2, Opened("0xb", 10, 100)), added(3, Opened("0xc", 10, 100)))
    start = Start({"toy": Position(block_ref(3), (block_ref(2), block_ref(3)))}, head=0)
    asyncio.run(world.lane.run(stream(added(2, Opened("0xnever", 10, 100)), added(3, Opened("0xd", 10, 100), fork=1)), start))
    assert world.recorder.reverted == [block_ref(3)]
    (evaluator,) = (lane.evaluator for lane in world.lane._lanes.values())
    assert set(evaluator.book.account_keys()) == {ALICE, "0xb", "0xd"}


def test_without_a_market_of_the_gas_coin_the_daemon_does_not_start_and_names_those_there_are() -> None:
    world = world_of(gas_coin_market="ETH")
    with pytest.raises(ConfigError, match="Name one of: TOY"):
        world.run(added(1, OPENS))


def test_the_data_fee_is_asked_back_by_the_guard() -> None:
    """A coin is 85 USD: the least change wanted is the profit and both kinds of gas."""
    wanted: list[Usd18] = []
    fee = NewestFee(lambda: _prices(DataFee(10**6, 0, 10**6, 0)))

    def encode(venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
        wanted.append(min_change)
        return b"call"

    world_of(encode=encode, newest_fee=fee).run(added(1, OPENS))
    with_fee = wanted[-1]
    world_of(encode=encode).run(added(1, OPENS))
    assert fee.prices is not None
    assert with_fee - wanted[-1] == Usd18(fee.prices.of_calldata(b"call") * 85)


def _prices(prices: DataFee) -> Reads[DataFee]:
    yield ()
    return prices


def test_the_tip_that_others_pay_is_offered_and_asked_back_by_the_guard() -> None:
    """Half a gwei more per unit of gas than the operator's own tip; a coin is 85 USD."""
    wanted: list[Usd18] = []

    def encode(venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
        wanted.append(min_change)
        return b"call"

    more = 5 * 10**8
    attempts: list[AttemptRecord] = []
    guards: list[Usd18] = []
    for tip_wei in (None, 10**6 + more):
        world = world_of(encode=encode, chain=FakeChain(tip_wei=tip_wei))
        world.run(added(1, OPENS), added(2))
        attempts += world.recorder.of(AttemptRecord)
        guards.append(wanted[-1])
        assert [row.market_tip_wei for row in world.recorder.of(BlockRecord)] == [tip_wei] * 2
    assert [attempt.priority_fee_wei for attempt in attempts] == [10**6, 10**6 + more]
    cheap, dear = guards
    assert dear - cheap == Usd18(attempts[0].gas_limit * more * 85)


def test_an_attempt_of_an_account_that_recovers_is_worth_nothing() -> None:
    """And is raised no further."""
    world = world_of(venue=ToyVenue({2: 85, 4: 85, 6: 200}))
    assert world.dispatcher is not None
    world.run(added(1, OPENS), added(2))
    assert world.dispatcher.worth_wei[AccountKey(ALICE)] > 0
    world.run(added(3))
    assert world.dispatcher.worth_wei == {AccountKey(ALICE): 0}


def test_a_case_the_newest_block_decides_otherwise_about_is_not_sent() -> None:
    """While it was settled the price came back: the block after finds the account healthy."""
    world = world_of(venue=ToyVenue({2: 85, 4: 200}))

    async def run() -> None:
        world.simulator.gate = asyncio.Event()
        await world.lane.run(_events(added(1, OPENS)))
        working = asyncio.ensure_future(world.liquidator.work(await world.mailbox.take(), 1))
        await asyncio.sleep(0)
        await world.lane.run(_events(added(2)))
        world.simulator.gate.set()
        (result,) = await working
        assert isinstance(result, Skip)
        assert (result.reason, result.detail) == (SkipReason.STALE, "block 2 decides otherwise")

    asyncio.run(run())
    assert world.dispatcher is not None
    assert world.dispatcher.jobs == []


async def _events(*events: ChainEvent) -> AsyncIterator[ChainEvent]:
    for event in events:
        yield event
