"""Who is in danger, found through watch boxes as the engine does it."""

from collections.abc import Callable, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.venue import Book, Venue
from keeper.domain.watchlist import Watchlist

Inspect = Callable[[Sequence[AccountKey], Timestamp], None]
"""Asks the chain about accounts at a time, for venues whose events do not tell all."""


def nothing_to_ask(keys: Sequence[AccountKey], at: Timestamp) -> None:
    """For accounts whose events tell all."""


class Watcher:
    """Evaluates only who is `due`: touched, breached before, or outside of its box. Counts its evaluations, and those of evaluating
    everybody."""

    def __init__(self, venue: Venue, book: Book, inspect: Inspect = nothing_to_ask) -> None:
        self._venue = venue
        self._book = book
        self._inspect = inspect
        self._watchlist = Watchlist()
        self.due = set(book.account_keys())
        self.evaluations = self.everybody = 0

    def look(self, first: Timestamp, *later: Timestamp) -> set[AccountKey]:
        """Who is breached at any of these times. The boxes of healthy accounts are drawn at the first."""
        venue, book, moments = self._venue, self._book, (first, *later)
        for at in moments:
            self.due |= self._watchlist.leave(venue.feeds(book, at), at)
        due = self.due & book.account_keys()
        for at in moments:
            self._inspect(sorted(due), at)
        breached = {key for key in due if any(venue.health(key, book, at).liquidatable for at in moments)}
        for key in breached:
            self._watchlist.remove(key)
        for key in due - breached:
            self._watchlist.watch(key, venue.watch_box(key, book, first))
        self.due = set(breached)
        self.evaluations += len(due)
        self.everybody += len(book.account_keys())
        return breached
