"""Random ways of a venue's book through blocks, without a chain."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.venue import Book, Venue

DAY_SECONDS = 86_400
PPM = 10**6


@dataclass(frozen=True, slots=True)
class Step:
    """What happens until the next block, in terms that every venue can read: the time that passes, the change of the price, and what
    somebody else trades as a share of what the market bears, + for buying. Shares are in millionths."""

    seconds: int
    price_ppm: int
    trade_ppm: int


STEPS = st.builds(
    Step,
    seconds=st.one_of(st.integers(1, 60), st.integers(1, 40 * DAY_SECONDS)),
    price_ppm=st.one_of(st.integers(-5_000, 5_000), st.integers(-300_000, 300_000)),
    trade_ppm=st.one_of(st.just(0), st.integers(-PPM, PPM)),
)
"""Blocks of every day, shocks, and idle times of weeks."""


class Path(Protocol):
    """A book with several accounts, long and short, with and without debt; its prices are read for `now`."""

    @property
    def venue(self) -> Venue: ...

    @property
    def book(self) -> Book: ...

    @property
    def now(self) -> Timestamp: ...

    @property
    def number(self) -> int:
        """The newest block's."""

    def advance(self, step: Step) -> Set[AccountKey]:
        """The next block, with its reads. Returns the accounts its events touched."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths from their start. `start` makes a new one, the accounts' leverage in millionths of the highest the venue allows."""

    start: Callable[[int], Path]
