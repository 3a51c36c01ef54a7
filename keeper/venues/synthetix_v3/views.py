"""Positions and markets for people and for the lake. A market is named by its symbol, which is its underlying."""

from collections.abc import Iterator

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import to_units
from keeper.domain.views import MarketView, PositionView
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.funding import funding_rate
from keeper.venues.synthetix_v3.liquidation_price import liquidation_price
from keeper.venues.synthetix_v3.state import Market, SynthetixBook, reads_at


def positions(key: AccountKey, book: SynthetixBook, now: Timestamp) -> Iterator[PositionView]:
    """The account's positions whose market has a price at `now`. There is no mark: positions are valued at the index price."""
    account, reads = book.accounts[key], reads_at(book, now)
    for market_id, position in account.positions.items():
        market = reads.markets.get(market_id)
        if market is None:
            continue
        name = name_of(market_id, book.markets[market_id])
        yield PositionView(
            account=key,
            market=name,
            underlying=name,
            size_x18=position.size,
            open_notional_x18=-mul_decimal(position.size, position.price),
            mark_price_x18=market.price,
            liquidation_price_x18=liquidation_price(account, market_id, book, now),
            has_orders=account.order is not None and account.order.market_id == market_id,
        )


def markets(book: SynthetixBook, now: Timestamp) -> Iterator[MarketView]:
    """Markets that have a price at `now`."""
    for market_id, read in reads_at(book, now).markets.items():
        market = book.markets[market_id]
        name = name_of(market_id, market)
        yield MarketView(
            market=name,
            underlying=name,
            mark_price_x18=read.price,
            index_price_x18=read.price,
            spot_price_x18=read.price,
            open_interest_long_x18=(market.size + market.skew) // 2,
            open_interest_short_x18=(market.size - market.skew) // 2,
            funding_growth_raw=read.next_funding,
            premium_rate_per_day=to_units(funding_rate(market, now)),
        )


def name_of(market_id: str, market: Market) -> str:
    """The symbol; the id of a market nobody created."""
    return market.symbol or market_id
