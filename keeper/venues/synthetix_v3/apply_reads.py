"""What was read of the chain, into the book's `reads` by time. Boxes are drawn over these values, so no account becomes due."""

from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.venues.synthetix_v3.account_event import account_key
from keeper.venues.synthetix_v3.funding import next_funding
from keeper.venues.synthetix_v3.interest import next_interest
from keeper.venues.synthetix_v3.read_events import CollateralQuoted, CollateralRead, KeeperCostsRead, MarketQuoted, MarketRead, PositionRead
from keeper.venues.synthetix_v3.state import (
    ChainReads,
    CollateralReads,
    Inspection,
    KeeperCosts,
    MarketReads,
    SynthetixBook,
    interest_rate,
)

_NONE: frozenset[AccountKey] = frozenset()
_INSPECTIONS = 2
"""Head and forecast."""


def market_read(event: MarketRead, book: SynthetixBook) -> frozenset[AccountKey]:
    """Price and funding of one market at the event's time; without a price the market is absent from that time."""
    market_id, reads = str(event.market_id), _reads(book, event.timestamp)
    markets = {name: one for name, one in reads.markets.items() if name != market_id}
    if event.price:
        funding = next_funding(book.markets[market_id], event.price, event.timestamp)
        markets[market_id] = MarketReads(event.price, funding)
    _store(book, event.timestamp, replace(reads, markets=markets))
    return _NONE


def market_quoted(event: MarketQuoted, book: SynthetixBook) -> frozenset[AccountKey]:
    """A signed price takes the place of the chain's."""
    market_id, reads = str(event.market_id), _reads(book, event.timestamp)
    quoted = MarketReads(event.price, next_funding(book.markets[market_id], event.price, event.timestamp), event.price_id)
    _store(book, event.timestamp, replace(reads, markets={**reads.markets, market_id: quoted}))
    return _NONE


def collateral_quoted(event: CollateralQuoted, book: SynthetixBook) -> frozenset[AccountKey]:
    """A signed price takes the place of the chain's; the skew scale is as it was read."""
    collateral_id, reads = str(event.collateral_id), _reads(book, event.timestamp)
    read = reads.collaterals.get(collateral_id)
    if read is not None:
        quoted = CollateralReads(event.price, read.skew_scale, event.price_id)
        _store(book, event.timestamp, replace(reads, collaterals={**reads.collaterals, collateral_id: quoted}))
    return _NONE


def collateral_read(event: CollateralRead, book: SynthetixBook) -> frozenset[AccountKey]:
    """A collateral's price and skew scale."""
    reads = _reads(book, event.timestamp)
    collaterals = {**reads.collaterals, str(event.collateral_id): CollateralReads(event.price, event.skew_scale)}
    _store(book, event.timestamp, replace(reads, collaterals=collaterals))
    return _NONE


def keeper_costs_read(event: KeeperCostsRead, book: SynthetixBook) -> frozenset[AccountKey]:
    """What a keeper's transactions cost."""
    _store(book, event.timestamp, replace(_reads(book, event.timestamp), costs=KeeperCosts(event.liquidate, event.flag)))
    return _NONE


def position_read(event: PositionRead, book: SynthetixBook) -> frozenset[AccountKey]:
    """A position's pnl as the contract sees it."""
    key, market_id = account_key(event.account_id), str(event.market_id)
    account = book.accounts[key]
    inspection = Inspection(book.moment.number, event.timestamp, event.pnl)
    others = [one for one in account.inspections.get(market_id, ()) if one.timestamp != event.timestamp]
    inspections = {**account.inspections, market_id: (*others, inspection)[-_INSPECTIONS:]}
    book.accounts[key] = replace(account, inspections=inspections)
    return _NONE


def _reads(book: SynthetixBook, timestamp: int) -> ChainReads:
    known = book.reads.get(Timestamp(timestamp))
    if known is not None and known.block == book.moment.number:
        return known
    return ChainReads(book.moment.number, next_interest(interest_rate(book), timestamp))


def _store(book: SynthetixBook, timestamp: int, reads: ChainReads) -> None:
    """Only the newest block's reads are kept: an older forecast of the same time is not what this block says."""
    book.reads[Timestamp(timestamp)] = reads
    for time in [time for time, one in book.reads.items() if one.block != reads.block]:
        del book.reads[time]
