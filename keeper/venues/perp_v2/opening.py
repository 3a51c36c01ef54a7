"""A new account's first position as ClearingHouse.openPosition would open it: an exact amount of base, no limit of price."""

from dataclasses import dataclass

from keeper.domain.chain import Timestamp
from keeper.domain.fixed import RATIO, div_up
from keeper.domain.opening import NoOpening
from keeper.venues.perp_v2.events import PerpEvent
from keeper.venues.perp_v2.log_events import Deposited, PositionChanged
from keeper.venues.perp_v2.margin import free_collateral
from keeper.venues.perp_v2.price_limits import is_over_price_band, is_over_tick_limit
from keeper.venues.perp_v2.read_events import PositionGrowthRead
from keeper.venues.perp_v2.state import Account, Market, MarketReads, PerpBook, Position, Status, parameters, reads_at
from keeper.venues.perp_v2.swap import Swap, liquidity_changes, swap
from keeper.venues.perp_v2.views import name_of

_NEWCOMER = "0x" + "ff" * 20
"""An address nobody has."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What the trade brought (+) or cost before the fee, and the fee; X18."""

    notional: int
    fee: int

    @classmethod
    def of(cls, is_long: bool, trade: Swap, fee_ratio: int) -> "Fill":
        """Exchange._swap and OrderBook.replaySwap: the fee is part of what a long pays, and is taken from what a short receives."""
        fee = div_up(trade.quote * fee_ratio, RATIO - fee_ratio if is_long else RATIO)
        return cls(-trade.quote if is_long else trade.quote, fee)

    @property
    def open_notional(self) -> int:
        """AccountMarket.Info.takerOpenNotional: the fee is in it."""
        return self.notional - self.fee


def opening(market_name: str, size: int, margin_x18: int, book: PerpBook, now: Timestamp) -> list[PerpEvent] | NoOpening:
    """The events of a deposit and a trade at the pool as it stands. Margin below a unit of the settlement token is dropped."""
    base_token = next(name for name, market in book.markets.items() if name_of(name, market) == market_name)
    market, reads, params = book.markets[base_token], reads_at(book, now).markets.get(base_token), parameters(book)
    if reads is None or market.status != Status.OPEN or params.config.clearing_house_paused or not market.max_tick_crossed:
        return NoOpening(f"{market_name} is not open for trading")
    trade = swap(size, reads, liquidity_changes(base_token, book))
    if trade is None:
        return NoOpening(f"the pool of {market_name} does not hold as much")
    if reason := _price_limit(market, reads, trade, now):
        return NoOpening(f"{market_name}: {reason}")
    margin_raw, fill = margin_x18 // params.settlement_unit, Fill.of(size > 0, trade, market.exchange_fee_ratio)
    position = Position(size, fill.open_notional, reads.growth_x96, now)
    free = free_collateral(Account(margin_raw, positions={base_token: position}), book, now, params.config.im_ratio)
    if free is not None and free < 0:
        return NoOpening("the initial margin and the costs of opening are more than the margin", margin_x18 - free)
    return [
        Deposited(params.settlement_token, _NEWCOMER, margin_raw),
        PositionChanged(_NEWCOMER, base_token, size, fill.notional, fill.fee, fill.open_notional, 0, trade.sqrt_price_after_x96),
        PositionGrowthRead(_NEWCOMER, base_token, reads.growth_x96),
    ]


def _price_limit(market: Market, reads: MarketReads, trade: Swap, now: Timestamp) -> str | None:
    """Which limit of Exchange.swap the trade breaks, in words."""
    if is_over_tick_limit(market, reads, trade.sqrt_price_after_x96, now):
        return f"the trade moves the pool by more than the {market.max_tick_crossed} ticks allowed at a time"
    if is_over_price_band(market, reads, trade.sqrt_price_after_x96):
        return "the trade moves the pool further from the index than allowed"
    return None
