"""What the book holds, named as in the Solidity. All frozen: a change is a new object, so that a reorg can be undone."""

from dataclasses import dataclass

from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.journal import VenueBook
from keeper.domain.venue import Book

MARKET = "TOY"
"""The one market, and what it trades."""
BORROWING = "borrowing"
"""The one key of the book's `globals`."""


@dataclass(frozen=True, slots=True)
class Position:
    """A trader's. `growth` is how far debts had grown when it was opened."""

    size: int
    debt: int
    growth: int


@dataclass(frozen=True, slots=True)
class Borrowing:
    """What a debt of 1 has become at `settled_at`, and what it grows by in a second since (18 decimals)."""

    growth: int = X18
    rate: int = 0
    settled_at: int = 0

    def growth_at(self, now: int) -> int:
        """ToyExchange.growth."""
        return self.growth + self.rate * (now - self.settled_at)


class ToyBook(VenueBook[Position, None, Borrowing, int]):
    """Positions by trader, borrowing, and the price by the time it was read for."""

    @property
    def borrowing(self) -> Borrowing:
        """Before the first rate is set debts do not grow."""
        return self.globals.get(BORROWING, Borrowing())


def toy_book(book: Book) -> ToyBook:
    """A book of this venue as such. Raises TypeError for another's."""
    if not isinstance(book, ToyBook):
        raise TypeError(f"not a book of the toy exchange: {type(book).__name__}")
    return book


def price_at(book: ToyBook, now: Timestamp) -> int:
    """Raises KeyError where `refresh` was not applied for that time."""
    return book.reads[now]
