"""From findings to decisions: what bars an account, what it may cost, and that the same block always gives the same names."""

import asyncio
from dataclasses import replace

from keeper.domain.chain import BlockAdded, BlockRef
from keeper.domain.decision import Limits, Liquidate, Skip, SkipReason, candidate_id
from keeper.domain.fixed import X18
from keeper.domain.venue import AccountKey, NoPlan
from keeper.engine.evaluator import Evaluator
from keeper.engine.judge import COOLING_DOWN, IN_FLIGHT, Judge, Tariff, nobody_barred
from keeper.engine.questions import ChainQuestions
from tests.keeper.engine.cases import findings, plan_of, unwinding_plan
from tests.keeper.engine.fakes import EXECUTOR, FakeChain, block_ref
from tests.keeper.engine.toy import Opened, ToyBook, ToyEvent, ToyVenue, log_of

BLOCK = block_ref(2)
FREE = Tariff(0, 10**11, 0)
JUDGE = Judge(1, EXECUTOR, Limits(min_profit_x18=X18), "TOY", 10**6, 10**11)


def _evaluator(block: BlockRef = BLOCK) -> Evaluator[ToyBook, ToyEvent]:
    """A book in which the price is 100 at `block`."""
    evaluator = Evaluator(ToyVenue({block.timestamp: 100}), ChainQuestions(FakeChain()), executor=EXECUTOR, block_seconds=2, forecast=False)
    asyncio.run(evaluator.added(BlockAdded(block, (log_of(Opened("0xa", 10, 100), block, 0),))))
    return evaluator


def test_gas_is_priced_at_the_coins_own_market_and_a_venue_without_it_has_no_tariff() -> None:
    tariff = JUDGE.tariff(_evaluator(), BLOCK)
    assert tariff == Tariff(10**6, 10**11, 100 * X18)
    # (base fee 1 gwei + tip 1e6 wei) x 1e9 gas is 1.001 coins, of 100 USD each.
    assert tariff.cost_x18(10**9, BLOCK) == 1_001 * X18 // 10
    assert replace(JUDGE, gas_coin_market="ETH").tariff(_evaluator(), BLOCK) is None


def test_every_breached_account_gets_one_verdict_with_a_reproducible_name() -> None:
    found = findings(BLOCK, [("good", plan_of("good")), ("poor", plan_of("poor", reward=1)), ("none", NoPlan("no_position"))])
    verdicts = JUDGE.verdicts("toy", _evaluator(), found, FREE, nobody_barred)
    decisions = [verdict.decision for verdict in verdicts]
    assert isinstance(decisions[0], Liquidate)
    assert [decision.reason for decision in decisions if isinstance(decision, Skip)] == [SkipReason.UNPROFITABLE, SkipReason.NO_POSITION]
    assert [verdict.candidate.id for verdict in verdicts] == [
        candidate_id(1, "toy", AccountKey(name), BLOCK) for name in ("good", "poor", "none")
    ]
    assert [verdict.blocks_breached for verdict in verdicts] == [1, 1, 1]
    assert [verdict.case() is not None for verdict in verdicts] == [True, False, False]
    assert verdicts[2].plan is None


def test_gas_alone_can_make_a_plan_unprofitable() -> None:
    found = findings(BLOCK, [("good", plan_of("good"))])
    dear = Tariff(0, 10**11, 10**6 * X18)
    (verdict,) = JUDGE.verdicts("toy", _evaluator(), found, dear, nobody_barred)
    assert isinstance(verdict.decision, Skip)
    assert verdict.decision.reason is SkipReason.UNPROFITABLE


def test_a_barred_account_is_skipped_for_that_reason_but_still_told_with_its_plan() -> None:
    found = findings(BLOCK, [("busy", plan_of("busy")), ("resting", plan_of("resting"))])
    verdicts = JUDGE.verdicts("toy", _evaluator(), found, FREE, lambda key: IN_FLIGHT if key == "busy" else COOLING_DOWN)
    assert [verdict.decision for verdict in verdicts] == [IN_FLIGHT, COOLING_DOWN]
    assert all(verdict.plan is not None and verdict.case() is None for verdict in verdicts)


def test_capital_limits_the_executor_and_nothing_limits_who_only_observes() -> None:
    found = findings(BLOCK, [("big", plan_of("big", capital=10**7))])
    (held_back,) = JUDGE.verdicts("toy", _evaluator(), found, FREE, nobody_barred)
    assert isinstance(held_back.decision, Skip)
    assert held_back.decision.reason is SkipReason.NOT_ENOUGH_CAPITAL
    (observed,) = replace(JUDGE, executor=None).verdicts("toy", _evaluator(), found, FREE, nobody_barred)
    assert isinstance(observed.decision, Liquidate)


def test_unwinding_needs_no_profit_and_waits_only_for_what_is_in_flight() -> None:
    found = findings(BLOCK, unwind=unwinding_plan(EXECUTOR))
    case = JUDGE.unwinding("toy", found, nobody_barred)
    assert case is not None
    assert case.unwind
    assert case.decision.economics.profit_x18 < 0
    assert JUDGE.unwinding("toy", found, lambda _: IN_FLIGHT) is None
    assert JUDGE.unwinding("toy", findings(BLOCK), nobody_barred) is None
