"""Signed prices between blocks: who becomes liquidatable by them is decided about at once, and the same comes out of the record."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockAdded, Timestamp
from keeper.domain.decision import Decision, Limits, Skip
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.money import Usd18
from keeper.domain.plan import CallPurpose, LiquidationPlan
from keeper.domain.records import DecisionRecord, EvaluationRecord, VenueEventRecord
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.evaluator import Applied, BlockEvaluation, Evaluator
from keeper.engine.questions import ChainQuestions, RecordedQuestions
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.replay import RecordedBlock, Replay, differences, words
from tests.keeper.engine.fakes import EXECUTOR, FakeChain, block_ref, encoded
from tests.keeper.engine.quoted import QuotedVenue, quote_of
from tests.keeper.engine.test_chain_lane import World, stream, world_of
from tests.keeper.engine.toy import Opened, log_of

ALICE, BOB = "0xa11ce", "0xb0b"
CALM = {2 * number: 100 for number in range(1, 9)}
POLICY = DecisionPolicy(1, EXECUTOR, Limits(min_profit=Usd18.of_units(1)), "TOY", FeePolicy(10**6, 10**11), encoded)


@dataclass
class Market:
    """An evaluator of the quoted toy, and the board its quotes come from."""

    board: QuoteBoard = field(default_factory=QuoteBoard)

    def __post_init__(self) -> None:
        questions = ChainQuestions(FakeChain(), quotes=self.board)
        self.evaluator = Evaluator(QuotedVenue(CALM), questions, executor=EXECUTOR, block_seconds=2, forecast=True)

    def block(self, number: int, *events: Opened, fork: int = 0) -> BlockEvaluation:
        block = block_ref(number, fork=fork)
        logs = tuple(log_of(event, block, index) for index, event in enumerate(events))
        return asyncio.run(self.evaluator.added(BlockAdded(block, logs)))

    def tick(self, number: int, price: int, published_at: int) -> BlockEvaluation:
        self.board.put(quote_of(price, published_at))
        return asyncio.run(self.evaluator.tick(block_ref(number), Timestamp(published_at)))


OPENINGS = (Opened(ALICE, 10, 800), Opened(BOB, 10, 100))


def test_a_signed_price_makes_an_account_liquidatable_before_any_block_says_so() -> None:
    market = Market()
    assert market.block(1, *OPENINGS).breaches == {}
    evaluation = market.tick(1, 80, 3)
    assert set(evaluation.breaches) == {ALICE}
    assert {item.account for item in evaluation.evaluated} == {ALICE}, "the other is inside its box"
    assert (evaluation.basis, evaluation.quoted_at) == (4, 3)


def test_the_plan_puts_the_price_on_the_chain_first_with_its_fee() -> None:
    market = Market()
    market.block(1, *OPENINGS)
    evaluation = market.tick(1, 80, 3)
    plan = market.evaluator.plan(AccountKey(ALICE), evaluation.basis, NOTHING)
    assert isinstance(plan, LiquidationPlan)
    push, liquidation = plan.calls
    assert (push.purpose, push.calldata, push.value_wei) == (CallPurpose.UPDATE_PRICES, b"signed 80", 7)
    assert liquidation.purpose is CallPurpose.LIQUIDATE


def test_the_fee_of_a_price_is_a_cost() -> None:
    """The executor's guard values dollars, not the coin the fee is paid in: a price that costs more than the liquidation brings is left."""
    for fee_wei, reason in ((7, None), (10**18, SkipReason.UNPROFITABLE)):
        market = Market()
        market.block(1, *OPENINGS)
        market.board.put(quote_of(80, 3, fee_wei=fee_wei))
        evaluation = asyncio.run(market.evaluator.tick(block_ref(1), Timestamp(3)))
        gas = POLICY.gas_price(market.evaluator, block_ref(1))
        (decision,) = POLICY.decisions("toy", market.evaluator, evaluation, gas, lambda _: None, NOTHING)
        assert (decision.choice.reason if isinstance(decision.choice, Skip) else None) is reason


def test_a_price_older_than_the_chains_own_means_nothing() -> None:
    market = Market()
    market.block(1, *OPENINGS)
    assert market.tick(1, 80, 2).evaluated == []


def test_a_price_that_recovers_clears_the_breach() -> None:
    market = Market()
    market.block(1, *OPENINGS)
    market.tick(1, 80, 3)
    evaluation = market.tick(1, 100, 4)
    assert ({item.account for item in evaluation.evaluated}, evaluation.breaches) == ({ALICE}, {})


def test_the_next_block_takes_the_newest_price_along() -> None:
    """For the block after it; at its own time it stays as the chain has it, which is what the contract's view is compared with."""
    market = Market()
    market.block(1, *OPENINGS)
    market.board.put(quote_of(80, 5))
    evaluation = market.block(2)
    assert set(evaluation.breaches) == {ALICE}
    assert [item.health.liquidatable for item in evaluation.evaluated if item.account == ALICE] == [False, True]
    assert [item.source for item in evaluation.applied] == ["refresh", "forecast", "quote"]


def test_for_people_the_newest_price_counts_at_a_time_after_the_block() -> None:
    """As if it were put on the chain then; the block's own time stays as the chain has it."""
    market = Market()
    market.block(1, *OPENINGS)
    market.board.put(quote_of(80, 3))
    keys = frozenset({AccountKey(ALICE)})
    (now,) = asyncio.run(market.evaluator.evaluate(block_ref(1), keys))
    (later,) = asyncio.run(market.evaluator.evaluate(block_ref(1), keys, Timestamp(4)))
    assert (now.health.liquidatable, now.basis) == (False, 2)
    assert (later.health.liquidatable, later.basis) == (True, 4)


def test_a_reorg_takes_the_price_with_its_block() -> None:
    market = Market()
    market.block(1, *OPENINGS)
    market.block(2)
    market.tick(2, 80, 5)
    market.evaluator.reverted(block_ref(1))
    market.board = QuoteBoard()
    market.evaluator._questions = ChainQuestions(FakeChain(), quotes=market.board)
    assert market.block(2, fork=1).breaches == {}


def test_the_record_of_ticks_gives_the_same_decisions() -> None:
    market, recorded, decisions = Market(), list[RecordedBlock](), list[Decision]()
    for number, ticks in ((1, ((80, 3), (79, 4))), (2, ()), (3, ((70, 8),))):
        evaluations = [market.block(number, *(OPENINGS if number == 1 else ()))]
        evaluations += [market.tick(number, price, time) for price, time in ticks]
        gas = POLICY.gas_price(market.evaluator, block_ref(number))
        for evaluation in evaluations:
            decisions += POLICY.decisions("toy", market.evaluator, evaluation, gas, lambda _: None, NOTHING)
        applied = [Applied(item.event, item.source) for evaluation in evaluations for item in evaluation.applied]
        recorded.append(RecordedBlock(block_ref(number), applied))
    questions = RecordedQuestions()
    evaluator = Evaluator(QuotedVenue({}), questions, executor=EXECUTOR, block_seconds=2, forecast=True)
    replayed = asyncio.run(Replay("toy", evaluator, questions, POLICY, {}).run(iter(recorded)))
    rows = {str(decision.candidate.id): (decision.candidate.block.number, words(decision)) for decision in decisions}
    assert len(rows) == len(decisions) >= 3
    assert differences(replayed, rows) == []


def _lane(board: QuoteBoard, **changes: Any) -> World:
    return world_of(venue=QuotedVenue(CALM), quotes=board, forecast=True, **changes)


def _live(world: World, board: QuoteBoard, *prices: tuple[int, int]) -> None:
    """A block, then these quotes (price, published at) all at once."""

    async def events() -> Any:
        async for event in stream(_opening()):
            yield event
        await asyncio.sleep(0.05)
        for price, published_at in prices:
            board.put(quote_of(price, published_at))
            world.lane._lanes["toy"].quoted(Timestamp(published_at))
        await asyncio.sleep(0.05)

    asyncio.run(world.lane.run(events()))


def _opening() -> BlockAdded:
    block = block_ref(1)
    return BlockAdded(block, tuple(log_of(event, block, index) for index, event in enumerate(OPENINGS)))


def test_a_tick_is_decided_about_recorded_and_handed_over() -> None:
    board = QuoteBoard()
    world = _lane(board)
    _live(world, board, (80, 3))
    (row,) = world.recorder.of(DecisionRecord)
    assert (row.account, row.action, len(world.mailbox)) == (ALICE, "liquidate", 1)
    evaluation = world.recorder.of(EvaluationRecord)[-1]
    assert (evaluation.account, evaluation.candidate_id) == (ALICE, row.candidate_id)
    events = world.recorder.of(VenueEventRecord)
    assert [item.source for item in events] == ["log", "log", "refresh", "forecast", "tick:3"]
    assert [item.position for item in events] == [0, 1, 2, 3, 4]


def test_of_prices_that_come_at_once_only_the_newest_counts() -> None:
    board = QuoteBoard()
    world = _lane(board)
    _live(world, board, (80, 3), (79, 4), (78, 5))
    assert [item.source for item in world.recorder.of(VenueEventRecord)][4:] == ["tick:5"]


def test_a_price_that_concerns_nobody_leaves_no_rows() -> None:
    board = QuoteBoard()
    world = _lane(board)
    _live(world, board, (99, 3))
    assert len(world.recorder.of(VenueEventRecord)) == 4
    assert len(world.mailbox) == 0
