"""What the venue learns: by logs, named as in the Solidity, and by reads. Amounts have 18 decimals, times are Unix seconds."""

from dataclasses import dataclass

from keeper.domain.venue import Event


class TraderEvent(Event):
    """Of one trader."""

    __slots__ = ()
    trader: str

    @property
    def account(self) -> str:
        """The trader's address."""
        return self.trader


@dataclass(frozen=True, slots=True)
class BorrowRateSet(Event):
    """What debts grow by in a second, from this block on."""

    rate: int


@dataclass(frozen=True, slots=True)
class PositionOpened(TraderEvent):
    """`size` of the base, bought with `debt` dollars."""

    trader: str
    size: int
    debt: int


@dataclass(frozen=True, slots=True)
class PositionClosed(TraderEvent):
    """By the trader."""

    trader: str


@dataclass(frozen=True, slots=True)
class PositionLiquidated(TraderEvent):
    """By anybody, who was paid `reward`."""

    trader: str
    liquidator: str
    size: int
    notional: int
    reward: int


@dataclass(frozen=True, slots=True)
class PriceRead(Event):
    """The price at a time: no event tells it."""

    timestamp: int
    price: int


EVENT_TYPES = (BorrowRateSet, PositionOpened, PositionClosed, PositionLiquidated, PriceRead)
