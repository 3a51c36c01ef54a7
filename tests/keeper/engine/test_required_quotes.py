"""A plan that reverts for want of a price is completed with it, once."""

import asyncio

from keeper.domain.plan import CallPurpose, LiquidationPlan
from keeper.engine.evaluator import Evaluator
from keeper.engine.questions import ChainQuestions
from keeper.engine.required_quotes import RequiredQuotes
from tests.keeper.engine.decided import plan_of
from tests.keeper.engine.fakes import FakeChain
from tests.keeper.engine.quoted import FEED, ListService, QuotedVenue, quote_of


def _completed(plan: LiquidationPlan, revert: bytes, *prices: int) -> LiquidationPlan | None:
    evaluator = Evaluator(QuotedVenue({}), ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=True)
    service = ListService([quote_of(price, 1) for price in prices])
    return asyncio.run(RequiredQuotes(evaluator, service).completed(plan, revert))


def test_the_missing_price_is_pushed_first_with_its_fee() -> None:
    plan = _completed(plan_of("a"), b"stale toy", 80)
    assert plan is not None
    (call,) = plan.calls
    assert (call.purpose, call.calldata, call.value_wei, plan.quotes) == (CallPurpose.UPDATE_PRICES, b"signed 80", 7, (FEED,))


def test_a_price_that_was_pushed_and_did_not_help_is_not_pushed_again() -> None:
    plan = _completed(plan_of("a"), b"stale toy", 80)
    assert plan is not None
    assert _completed(plan, b"stale toy", 80) is None


def test_other_reverts_and_feeds_without_a_price_leave_the_plan_alone() -> None:
    assert _completed(plan_of("a"), b"no", 80) is None
    assert _completed(plan_of("a"), b"stale toy") is None
