"""Watch boxes: equity less requirement is linear in the price and in the growth of debts."""

from collections.abc import Mapping

from keeper.domain.account import AccountKey
from keeper.domain.box import Exposure, linear_bounds
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.health import FeedId, WatchBox
from toy_exchange.margin import REQUIREMENT_DIVISOR, margin_of
from toy_exchange.state import MARKET, ToyBook, price_at

PRICE = FeedId(f"{MARKET}/price")
GROWTH = FeedId(f"{MARKET}/growth")
_GROWTH_SHARE = 16
"""Debts grow slowly: their growth gets a sixteenth of what the price gets of the slack."""
_ROUNDING = 8
"""More wei than all floors can lose, twice (now, and inside the box)."""


def feeds_at(book: ToyBook, now: Timestamp) -> Mapping[FeedId, int]:
    """Both feeds, 18 decimals; none without a price."""
    return {PRICE: price_at(book, now), GROWTH: book.borrowing.growth_at(now)} if now in book.reads else {}


def watch_box(key: AccountKey, book: ToyBook, now: Timestamp) -> WatchBox:
    """The box of a position that is healthy at `now`."""
    position, margin = book.accounts[key], margin_of(key, book, now)
    share = REQUIREMENT_DIVISOR - 1
    price = Exposure(PRICE, price_at(book, now), position.size * share, X18 * REQUIREMENT_DIVISOR, _GROWTH_SHARE * (margin.value + 1))
    growth = Exposure(GROWTH, book.borrowing.growth_at(now), -position.debt, position.growth, margin.owed + 1)
    return WatchBox(linear_bounds(margin.equity - margin.requirement - _ROUNDING, (price, growth)))
