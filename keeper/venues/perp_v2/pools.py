"""The pools that markets trade against: what makers put in and take out, and what a pool says of itself."""

from collections.abc import Iterator, Sequence

from keeper.domain.chain import RawLog
from keeper.domain.venue import Event
from keeper.domain.views import PoolRange, PoolState
from keeper.venues.perp_v2.log_events import LiquidityChanged
from keeper.venues.perp_v2.read_events import MarketRead
from keeper.venues.perp_v2.state import PerpBook
from keeper.venues.perp_v2.ticks import price_at

DECIMALS = 18
"""Of the virtual tokens on both sides, and so of a tick's price as it is and of liquidity."""


def ranges(events: Sequence[tuple[RawLog, Event]], book: PerpBook) -> Iterator[PoolRange]:
    """Orders that grew or shrank. Collecting fees changes nothing."""
    for log, event in events:
        if isinstance(event, LiquidityChanged) and event.liquidity:
            yield PoolRange(
                market=book.markets[event.base_token].name or event.base_token,
                lower_price=price_at(event.lower_tick),
                upper_price=price_at(event.upper_tick),
                liquidity_raw=event.liquidity,
                liquidity_decimals=DECIMALS,
                log=log,
            )


def states(events: Sequence[Event], book: PerpBook) -> Iterator[PoolState]:
    """The tick and the liquidity that the block's own reads tell, not its forecast; without a price the pool did not answer."""
    for event in events:
        if isinstance(event, MarketRead) and event.timestamp == book.moment.timestamp and event.sqrt_price_x96:
            market = book.markets[event.base_token].name or event.base_token
            yield PoolState(market, price_at(event.tick), event.liquidity, DECIMALS)
