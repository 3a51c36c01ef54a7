"""The margin test in the contract's own rounding."""

from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.health import Breach, Health
from keeper.domain.money import Usd18
from toy_exchange.state import ToyBook, price_at

REQUIREMENT_DIVISOR = 10
"""A tenth of the position's value is required."""


@dataclass(frozen=True, slots=True)
class Margin:
    """USD, 18 decimals."""

    value: int
    owed: int

    @property
    def equity(self) -> int:
        """ToyExchange.equity."""
        return self.value - self.owed

    @property
    def requirement(self) -> int:
        """ToyExchange.requirement."""
        return self.value // REQUIREMENT_DIVISOR


def margin_of(key: AccountKey, book: ToyBook, now: Timestamp) -> Margin:
    """Of a position at `now`. Raises KeyError without one, or without a price."""
    position = book.accounts[key]
    owed = position.debt * book.borrowing.growth_at(now) // position.growth
    return Margin(position.size * price_at(book, now) // X18, owed)


def health_of(key: AccountKey, book: ToyBook, now: Timestamp) -> Health:
    """As ToyExchange.liquidate tests it: strictly less."""
    margin = margin_of(key, book, now)
    breach = Breach.POSITIONS if margin.equity < margin.requirement else None
    return Health(Usd18(margin.equity), Usd18(margin.requirement), breach)
