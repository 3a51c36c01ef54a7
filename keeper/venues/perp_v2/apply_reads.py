"""What was read of the chain, into the book's `reads` by time. Boxes are drawn over these values, so no account becomes due."""

from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.venues.perp_v2 import funding, ticks
from keeper.venues.perp_v2.accounts import account_of
from keeper.venues.perp_v2.price import reference_price
from keeper.venues.perp_v2.read_events import (
    CollateralRead,
    InsuranceFundRead,
    MakerRead,
    MarketGrowthRead,
    MarketRead,
    MarketSettledRead,
    PositionGrowthRead,
)
from keeper.venues.perp_v2.state import (
    Account,
    ChainReads,
    CollateralReads,
    Inspection,
    Market,
    MarketReads,
    PerpBook,
    Position,
    parameters,
)

_NONE: frozenset[AccountKey] = frozenset()
_INSPECTIONS_KEPT = 2
"""Head and forecast."""


def market_read(event: MarketRead, book: PerpBook) -> frozenset[AccountKey]:
    """Price and funding growth of one market at the event's time; without a price the market is absent from that time."""
    market = book.markets[event.base_token].changed(status=event.status, stopped_at=event.stopped_at, sqrt_price_x96=event.sqrt_price_x96)
    book.markets[event.base_token] = market
    reads = _reads(book, event.timestamp)
    price = reference_price(event)
    markets = {name: one for name, one in reads.markets.items() if name != event.base_token}
    if price is not None:
        markets[event.base_token] = _valued(event, market, price, parameters(book).config.max_funding_rate)
    _store(book, event.timestamp, replace(reads, markets=markets))
    return _NONE


def _valued(event: MarketRead, market: Market, price: int, max_funding_rate: int) -> MarketReads:
    premium = 0
    if event.funding_twap_x96 and event.funding_index_x18:
        premium = funding.premium_x96(ticks.price_x96_of(event.funding_twap_x96), event.funding_index_x18, max_funding_rate)
    growth = funding.growth_at(market, premium, event.timestamp)
    return MarketReads(
        price_x18=price,
        index_x18=event.index_x18,
        spot_x18=ticks.price_x18_of(event.sqrt_price_x96),
        sqrt_price_x96=event.sqrt_price_x96,
        tick=event.tick,
        liquidity=event.liquidity,
        growth_x96=growth,
        travelled_x96=market.travelled_x96 + abs(growth - market.growth_x96),
        premium_x96=premium,
    )


def collateral_read(event: CollateralRead, book: PerpBook) -> frozenset[AccountKey]:
    """A collateral's prices; without one the token is absent from that time."""
    reads = _reads(book, event.timestamp)
    collaterals = {name: one for name, one in reads.collaterals.items() if name != event.token}
    if event.twap:
        collaterals[event.token] = CollateralReads(event.twap, event.spot)
    _store(book, event.timestamp, replace(reads, collaterals=collaterals))
    return _NONE


def insurance_fund_read(event: InsuranceFundRead, book: PerpBook) -> frozenset[AccountKey]:
    """What the insurance fund can cover."""
    _store(book, event.timestamp, replace(_reads(book, event.timestamp), insurance_fund_raw=event.capacity_raw))
    return _NONE


def maker_read(event: MakerRead, book: PerpBook) -> frozenset[AccountKey]:
    """Pending fee and funding of an account with orders."""
    key = AccountKey(event.trader)
    old = account_of(book, key)
    inspection = Inspection(book.moment.number, event.timestamp, event.pending_fee, event.pending_funding)
    others = [one for one in old.inspections if one.timestamp != event.timestamp]
    inspections = (*others, inspection)[-_INSPECTIONS_KEPT:]
    book.accounts[key] = Account(old.balance_raw, old.owed_x18, old.positions, old.collateral, old.debt_threshold_raw, inspections)
    return _NONE


def position_growth_read(event: PositionGrowthRead, book: PerpBook) -> frozenset[AccountKey]:
    """A correction of one position's last growth."""
    key = AccountKey(event.trader)
    account = book.accounts[key]
    old = account.positions[event.base_token]
    positions = {
        **account.positions,
        event.base_token: Position(old.size, old.open_notional, event.growth_x96, old.settled_at, old.orders),
    }
    book.accounts[key] = replace(account, positions=positions)
    return frozenset((key,))


def market_growth_read(event: MarketGrowthRead, book: PerpBook) -> frozenset[AccountKey]:
    """A correction of a market's growth. The reads of the present time no longer fit and are given up."""
    book.markets[event.base_token] = book.markets[event.base_token].changed(growth_x96=event.growth_x96)
    for time in list(book.reads):
        del book.reads[time]
    return frozenset(book.accounts)


def market_settled_read(event: MarketSettledRead, book: PerpBook) -> frozenset[AccountKey]:
    """A correction of a market's last settlement: after a pause, funding is settled up to it, whatever the block's time."""
    book.markets[event.base_token] = book.markets[event.base_token].changed(settled_at=event.settled_at)
    return frozenset(book.accounts)


def _reads(book: PerpBook, timestamp: int) -> ChainReads:
    known = book.reads.get(Timestamp(timestamp))
    return known if known is not None and known.block == book.moment.number else ChainReads(book.moment.number)


def _store(book: PerpBook, timestamp: int, reads: ChainReads) -> None:
    """Only the newest block's reads are kept: an older forecast of the same time is not what this block says."""
    book.reads[Timestamp(timestamp)] = reads
    for time in [time for time, one in book.reads.items() if one.block != reads.block]:
        del book.reads[time]
