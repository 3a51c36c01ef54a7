"""Positions and markets for people and for the lake. A market is named by its underlying: its base token's symbol without the v."""

from collections.abc import Iterator

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import RATIO, X18, div_up, mul_ratio, to_units
from keeper.domain.views import MarketView, PositionView
from keeper.venues.perp_v2 import orders, ticks
from keeper.venues.perp_v2.margin import Margin, margin_of
from keeper.venues.perp_v2.state import Market, PerpBook, parameters, reads_at


def positions(key: AccountKey, book: PerpBook, now: Timestamp) -> Iterator[PositionView]:
    """The account's positions whose market has a price at `now`; a maker's size is the total one at the present spot."""
    account, reads = book.accounts[key], reads_at(book, now)
    margin, mm_ratio = margin_of(account, book, now), parameters(book).config.mm_ratio
    for base_token, position in account.positions.items():
        market = reads.markets.get(base_token)
        if market is None:
            continue
        size, name = orders.total_size(position, market.sqrt_price_x96), name_of(base_token, book.markets[base_token])
        yield PositionView(
            account=key,
            market=name,
            underlying=name,
            size_x18=size,
            open_notional_x18=position.open_notional,
            mark_price_x18=market.price_x18,
            liquidation_price_x18=None if margin is None else liquidation_price(size, market.price_x18, margin, mm_ratio),
            has_orders=bool(position.orders),
        )


def liquidation_price(size: int, price_x18: int, margin: Margin, mm_ratio: int) -> int | None:
    """The price at which account value meets the requirement while everything else stands still, X18; None when no price does."""
    if size == 0:
        return None
    slack = margin.account_value - mul_ratio(margin.abs_position_value, mm_ratio)
    share = RATIO - mm_ratio if size > 0 else RATIO + mm_ratio
    price = price_x18 - div_up(slack * X18 * RATIO, size * share)
    return price if price > 0 else None


def markets(book: PerpBook, now: Timestamp) -> Iterator[MarketView]:
    """Markets that have a price at `now`."""
    reads = reads_at(book, now)
    for base_token, market in book.markets.items():
        read = reads.markets.get(base_token)
        if read is None:
            continue
        name = name_of(base_token, market)
        yield MarketView(
            market=name,
            underlying=name,
            mark_price_x18=read.price_x18,
            index_price_x18=read.index_x18,
            spot_price_x18=read.spot_x18,
            open_interest_long_x18=market.long_x18,
            open_interest_short_x18=market.short_x18,
            funding_growth_raw=read.growth_x96,
            premium_rate_per_day=to_units(ticks.x96_to_x18(read.premium_x96)) / to_units(read.index_x18) if read.index_x18 else 0.0,
        )


def name_of(base_token: str, market: Market) -> str:
    """The underlying's symbol; the base token's address until it is read."""
    return market.name or base_token
