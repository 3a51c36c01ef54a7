"""Random ways of a book through blocks, without a chain."""

from collections.abc import Set

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from tests.contract.path import PPM, Step
from toy_exchange.events import BorrowRateSet, PositionOpened, PriceRead
from toy_exchange.options import Options
from toy_exchange.state import ToyBook
from toy_exchange.venue import ToyExchange

_START_PRICE, _RATE = 100 * X18, 10**10
_START_TIME = Timestamp(1_700_000_000)
_BLOCK_SECONDS = 2


class ToyPath:
    """Three longs of different leverage; somebody else's trades change the rate."""

    def __init__(self, options: Options, leverage_ppm: int) -> None:
        self.venue = ToyExchange(options)
        self.book: ToyBook = self.venue.new_book()
        self.number, self.now, self._price = 0, _START_TIME, _START_PRICE
        self._open_block(_BLOCK_SECONDS)
        self.venue.apply(BorrowRateSet(_RATE), self.book)
        for index, percent in enumerate((90, 80, 60)):
            debt = _START_PRICE * percent // 100 * leverage_ppm // PPM
            self.venue.apply(PositionOpened(f"0x{index + 1:040x}", X18, debt), self.book)
        self._read()

    def advance(self, step: Step) -> Set[AccountKey]:
        """The next block. Returns the accounts its events touched."""
        self._open_block(step.seconds)
        touched: Set[AccountKey] = frozenset()
        if step.trade_ppm:
            touched = self.venue.apply(BorrowRateSet(abs(step.trade_ppm) * _RATE // PPM), self.book)
        self._price = self._price * (PPM + step.price_ppm) // PPM
        self._read()
        return touched

    def _open_block(self, seconds: int) -> None:
        self.number, self.now = self.number + 1, Timestamp(self.now + seconds)
        self.book.open_block(self.number, self.now)

    def _read(self) -> None:
        self.venue.apply(PriceRead(self.now, self._price), self.book)
