"""A recorded block gives the same candidates and decisions, from the record alone; what was changed since shows."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from keeper.domain.chain import BlockAdded
from keeper.domain.decision import Choice, Decision, Limits, Skip
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.fixed import X18
from keeper.domain.gas_price import GasPrice
from keeper.domain.money import Usd18
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import Use
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.evaluator import Applied, BlockEvaluation, Evaluator
from keeper.engine.questions import ChainQuestions, RecordedQuestions
from keeper.engine.replay import RecordedBlock, Replay, Replayed, differences, words
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.fakes import EXECUTOR, FakeChain, block_ref, encoded
from tests.keeper.engine.toy import Liquidated, Opened, PriceRead, ToyVenue, log_of

PRICES = {2: 100, 4: 85, 6: 84, 8: 99, 10: 60}
IN_FLIGHT = Use({"TOY": X18})
"""What the daemon was sending all the time: no event of the record tells it."""
POLICY = DecisionPolicy(1, EXECUTOR, Limits(min_profit=Usd18.of_units(1)), "TOY", FeePolicy(10**6, 10**11), encoded)
EVENTS: dict[int, list[Opened | Liquidated]] = {
    1: [Opened("0xa", 10, 800), Opened("0xb", 1, 50)],
    3: [Liquidated("0xa", "0xc"), Opened("0xd", 5, 380)],
}


def _lived() -> tuple[list[RecordedBlock], list[Decision]]:
    """Five blocks as a daemon lives them: what it would have recorded, and what it decided."""
    evaluator = Evaluator(ToyVenue(PRICES), ChainQuestions(FakeChain()), executor=EXECUTOR, block_seconds=2, forecast=False)
    tariff: GasPrice | None = None
    recorded: list[RecordedBlock] = []
    decisions: list[Decision] = []
    for number in range(1, 6):
        block = block_ref(number)
        logs = tuple(log_of(event, block, index) for index, event in enumerate(EVENTS.get(number, ())))
        result: BlockEvaluation = asyncio.run(evaluator.added(BlockAdded(block, logs)))
        tariff = POLICY.gas_price(evaluator, block, result.data_fee) or tariff
        decisions += POLICY.decisions("toy", evaluator, result, tariff, lambda _: None, IN_FLIGHT)
        # The lake gives back no raw logs.
        recorded.append(RecordedBlock(block, [Applied(item.event, item.source) for item in result.applied]))
    return recorded, decisions


def _replayed(blocks: Sequence[RecordedBlock], decisions: Sequence[Decision] = (), policy: DecisionPolicy = POLICY) -> list[Replayed]:
    questions = RecordedQuestions()
    evaluator = Evaluator(ToyVenue({}), questions, executor=EXECUTOR, block_seconds=2, forecast=False)
    used = {decision.candidate.id: decision.used for decision in decisions}
    return asyncio.run(Replay("toy", evaluator, questions, policy, used).run(iter(blocks)))


def _rows(decisions: Sequence[Decision]) -> dict[str, tuple[int, str]]:
    return {str(decision.candidate.id): (decision.candidate.block.number, words(decision)) for decision in decisions}


def test_the_same_candidates_and_decisions_come_out_of_the_record() -> None:
    recorded, decisions = _lived()
    replayed = _replayed(recorded, decisions)
    assert [item.block.number for item in replayed] == [1, 2, 3, 4, 5]
    assert [decision for item in replayed for decision in item.decisions] == decisions
    assert {(decision.candidate.account, decision.candidate.block.number) for decision in decisions} == {
        ("0xa", 2),
        ("0xd", 3),
        ("0xd", 5),
    }
    assert differences(replayed, _rows(decisions)) == []


def test_a_block_is_replayed_at_the_tip_that_others_paid_then() -> None:
    recorded, decisions = _lived()
    for told, bid in ((None, 10**6), (10**9, 10**9)):
        replayed = _replayed([replace(block, market_tip_wei=told) for block in recorded], decisions)
        assert {decision.gas_price.priority_fee_wei for item in replayed for decision in item.decisions} == {bid}


def test_a_changed_limit_shows_as_the_decisions_it_changes() -> None:
    recorded, decisions = _lived()
    stricter = _replayed(recorded, decisions, replace(POLICY, limits=Limits(min_profit=Usd18.of_units(5))))
    result = differences(stricter, _rows(decisions))
    assert [(item.block, item.recorded, item.replayed) for item in result] == [
        (3, f"liquidate TOY {5 * X18}", "unprofitable"),
        (5, f"liquidate TOY {5 * X18}", "unprofitable"),
    ]


def test_blocks_of_a_backfill_build_the_book_and_are_not_judged() -> None:
    block = block_ref(1)
    backfilled = RecordedBlock(block, [Applied(Opened("0xa", 10, 800), "log")])
    live = RecordedBlock(block_ref(2), [Applied(PriceRead(4, 60), "refresh")])
    (replayed,) = _replayed([backfilled, live])
    assert replayed.block.number == 2
    assert [decision.candidate.account for decision in replayed.decisions] == ["0xa"]


def test_blocks_taken_in_after_the_fact_are_evaluated_and_not_judged() -> None:
    """What breached in one of them and still is in the first block decided about counts from there as it did then."""
    recorded, decisions = _lived()
    late = [replace(block, decided=block.block.number >= 3) for block in recorded]
    replayed = _replayed(late, decisions)
    assert [item.block.number for item in replayed] == [3, 4, 5]
    assert [decision for item in replayed for decision in item.decisions] == [
        each for each in decisions if each.candidate.block.number >= 3
    ]


def _with(account: str, choice: Choice | None = None) -> Replayed:
    decision = decision_of(account)
    return Replayed(decision.candidate.block, [replace(decision, choice=choice or decision.choice)])


@pytest.mark.parametrize("before", ["in_flight", "cooling_down"])
def test_what_only_the_moment_knew_is_not_compared_but_its_candidate_is(before: str) -> None:
    assert differences([_with("a")], {"id-a": (1, before)}) == []
    assert [item.candidate_id for item in differences([], {"id-a": (1, before)})] == ["id-a"]


def test_a_candidate_on_one_side_only_is_a_difference() -> None:
    result = differences([_with("new")], {"id-gone": (7, "unprofitable")})
    assert [(item.candidate_id, item.block, item.recorded, item.replayed) for item in result] == [
        ("id-new", 1, None, f"liquidate TOY {X18}"),
        ("id-gone", 7, "unprofitable", None),
    ]


def test_a_skip_for_another_reason_is_a_difference() -> None:
    replayed = [_with("a", Skip(SkipReason.TOO_SMALL))]
    assert [item.replayed for item in differences(replayed, {"id-a": (1, "unprofitable")})] == ["too_small"]
    assert differences(replayed, {"id-a": (1, "too_small")}) == []


def test_what_a_block_says_is_told_apart_by_source() -> None:
    price, opened = PriceRead(2, 1), Opened("0xa", 1, 1)
    block = RecordedBlock(block_ref(1), [Applied(opened, "log"), Applied(price, "refresh"), Applied(price, "forecast")])
    assert [item.event for item in block.logged()] == [opened]
    assert block.answers() == {"refresh": [price], "forecast": [price]}
    assert block.was_evaluated()
    assert not RecordedBlock(block_ref(1), [Applied(opened, "log"), Applied(price, "resync")]).was_evaluated()
