"""A new position as ToyExchange.open would open it: at the price, without a fee, the margin paid and the rest borrowed."""

from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.opening import NoOpening
from toy_exchange.events import PositionOpened
from toy_exchange.margin import REQUIREMENT_DIVISOR
from toy_exchange.state import ToyBook

_NEWCOMER = "0x" + "ff" * 20
"""An address nobody has."""


def opening(size_x18: int, margin_x18: int, book: ToyBook, now: Timestamp) -> list[PositionOpened] | NoOpening:
    """What it would log. Margin beyond the price is not asked for."""
    price = book.reads.get(now)
    if price is None:
        return NoOpening("there is no price")
    if size_x18 < 0:
        return NoOpening("the exchange has no shorts")
    value = size_x18 * price // X18
    if margin_x18 < value // REQUIREMENT_DIVISOR:
        return NoOpening("a tenth of the value is required", value // REQUIREMENT_DIVISOR)
    return [PositionOpened(_NEWCOMER, size_x18, max(0, value - margin_x18))]
