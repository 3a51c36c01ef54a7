"""Events into the book: what the exchange itself writes down at each of them."""

from collections.abc import Set

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.venue import Event
from keeper.errors import StateDivergence
from toy_exchange.events import BorrowRateSet, PositionClosed, PositionLiquidated, PositionOpened, PriceRead
from toy_exchange.state import BORROWING, Borrowing, Position, ToyBook


def apply(event: Event, book: ToyBook) -> Set[AccountKey]:
    """Returns the accounts that must be looked at again. Raises StateDivergence for an event the book cannot have led to."""
    match event:
        case BorrowRateSet():
            now = book.moment.timestamp
            book.globals[BORROWING] = Borrowing(book.borrowing.growth_at(now), event.rate, now)
        case PositionOpened():
            growth = book.borrowing.growth_at(book.moment.timestamp)
            book.accounts[AccountKey(event.trader)] = Position(event.size, event.debt, growth)
            return {AccountKey(event.trader)}
        case PositionClosed() | PositionLiquidated():
            return {_ended(AccountKey(event.trader), book)}
        case PriceRead():
            _read(event, book)
    return frozenset()


def _ended(key: AccountKey, book: ToyBook) -> AccountKey:
    if key not in book.accounts:
        raise StateDivergence(f"the position of {key} ended, which is not in the book")
    del book.accounts[key]
    return key


def _read(event: PriceRead, book: ToyBook) -> None:
    """Only the present block's prices are kept, for its own time and for a later one."""
    for time in [time for time in book.reads if time < book.moment.timestamp]:
        del book.reads[time]
    book.reads[Timestamp(event.timestamp)] = event.price
