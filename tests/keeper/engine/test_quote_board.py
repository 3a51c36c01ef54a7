"""Of each feed the newest price, whatever order they come in."""

from dataclasses import replace

from keeper.domain.quote import PriceId
from keeper.engine.quote_board import QuoteBoard
from tests.keeper.engine.quoted import FEED, quote_of


def test_only_a_newer_price_is_taken() -> None:
    board = QuoteBoard()
    assert board.put(quote_of(100, 5))
    assert not board.put(quote_of(90, 4))
    assert not board.put(quote_of(80, 5))
    assert board.newest([FEED]) == [quote_of(100, 5)]


def test_feeds_are_apart_and_unknown_ones_have_no_price() -> None:
    board, other = QuoteBoard(), replace(quote_of(7, 1), price_id=PriceId("other"))
    board.put(quote_of(100, 5))
    board.put(other)
    assert board.newest([PriceId("other"), PriceId("none"), FEED]) == [other, quote_of(100, 5)]
