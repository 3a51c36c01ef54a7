"""A position before it exists: looked at as if it stood, and the book is as before."""

import asyncio
import copy

import pytest

from keeper.domain.chain import BlockAdded
from keeper.domain.fixed import X18
from keeper.domain.opening import NoOpening
from keeper.domain.views import RiskFactor
from keeper.engine.evaluator import Evaluator
from keeper.engine.opening_quote import OpeningQuote, quote_opening
from keeper.engine.questions import ChainQuestions
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import Opened, ToyVenue, log_of, toy_book

_BLOCK = block_ref(1)


def _evaluator() -> Evaluator:
    """The book at block 1, where TOY costs 100 and one account holds some."""
    evaluator = Evaluator(ToyVenue({2: 100, 4: 101}), ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False)
    asyncio.run(evaluator.added(BlockAdded(_BLOCK, (log_of(Opened("0xa", 1, 50), _BLOCK, 0),))))
    return evaluator


def _quote(evaluator: Evaluator, size: int, margin: int) -> OpeningQuote | NoOpening:
    return asyncio.run(quote_opening(evaluator, FakeChain(), _BLOCK, _BLOCK.timestamp, "TOY", size * X18, margin * X18))


def _state(evaluator: Evaluator) -> object:
    book = toy_book(evaluator.book)
    return copy.deepcopy((dict(book.accounts), dict(book.reads), book.moment))


def test_it_is_what_would_stand() -> None:
    """10 for 1,000 with 300 of margin: liquidated where 700 are nine tenths of the value."""
    quote = _quote(_evaluator(), 10, 300)
    assert isinstance(quote, OpeningQuote)
    assert (quote.health.equity.raw, quote.health.requirement.raw, quote.health.breach) == (300 * X18, 100 * X18, None)
    assert quote.position.liquidation_price_x18 == 7_000 * X18 // 90
    assert quote.entry_price_x18 == 70 * X18
    assert quote.risk_factors == (RiskFactor("price of TOY", 200 * X18),)


@pytest.mark.parametrize("margin", [300, 100])
def test_the_book_is_as_before_and_goes_on(margin: int) -> None:
    evaluator = _evaluator()
    before = _state(evaluator)
    _quote(evaluator, 10, margin)
    assert _state(evaluator) == before
    following = asyncio.run(evaluator.added(BlockAdded(block_ref(2), ())))
    assert {item.account for item in following.evaluated} <= {"0xa"}


def test_a_refusal_is_handed_on() -> None:
    assert _quote(_evaluator(), 10, 100) == NoOpening("a fifth is asked for", 200 * X18)
    assert _quote(_evaluator(), -10, 100) == NoOpening("TOY has no shorts")
