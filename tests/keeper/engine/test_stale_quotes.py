"""Old signed prices stop the plans that bring them, and no others."""

from dataclasses import replace

from keeper.domain.chain import Address, Timestamp
from keeper.domain.decision import Decision
from keeper.domain.plan import CallPurpose, LiquidationCall
from keeper.domain.quote import PriceId
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.stale_quotes import StaleQuotes
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.quoted import FEED, quote_of

NOW = 1_000
TARGET = Address("0x" + "11" * 20)


def _stale(*published_at: int, feeds: tuple[PriceId, ...] = (FEED,)) -> StaleQuotes:
    board = QuoteBoard()
    for feed, moment in zip(feeds, published_at, strict=False):
        board.put(replace(quote_of(100, moment), price_id=feed))
    return StaleQuotes(board, lambda: feeds, lambda: float(NOW), 30)


def _bringing(published_at: int, purpose: CallPurpose = CallPurpose.UPDATE_PRICES) -> Decision:
    decision = decision_of("0xa")
    call = LiquidationCall(TARGET, b"", purpose, not_before=Timestamp(published_at))
    return replace(decision, choice=replace(decision.liquidate, plan=replace(decision.plan, calls=(call,))))


def test_a_price_is_old_when_it_is_older_than_the_limit() -> None:
    assert _stale(NOW - 30).problem() is None
    assert _stale(NOW - 31).problem() == f"the newest signed price of {FEED} is of {NOW - 31}, more than 30 s ago"


def test_the_oldest_of_the_feeds_counts_and_one_without_a_price_does_not() -> None:
    feeds = (FEED, PriceId("other"), PriceId("silent"))
    assert _stale(NOW, NOW - 40, feeds=feeds).problem() == f"the newest signed price of other is of {NOW - 40}, more than 30 s ago"
    assert _stale(NOW, NOW - 4, feeds=feeds).problem() is None
    assert _stale().problem() is None


def test_only_a_plan_that_brings_an_old_price_is_concerned() -> None:
    """One that asks for a price at the last moment has a new one; one that needs none relies on the chain's."""
    stale = _stale(NOW - 100)
    assert stale.concerns(_bringing(NOW - 31))
    assert not stale.concerns(_bringing(NOW - 30))
    assert not stale.concerns(_bringing(0, CallPurpose.LIQUIDATE))
    assert not stale.concerns(decision_of("0xa"))
