"""From what a venue says of pools, its insurance fund and account flows to the rows of the lake. Pure functions; one per table."""

from collections.abc import Iterator, Sequence

from keeper.domain.fixed import to_units
from keeper.domain.records import AccountFlowRecord, InsuranceFundRecord, PoolRangeRecord, PoolStateRecord, Record, raw
from keeper.domain.venue import Book, Event, Venue
from keeper.domain.views import AccountFlow, InsuranceFund, PoolRange, PoolState
from keeper.engine.evaluator import Applied, Latest
from keeper.engine.recording import BlockKeys


def logged_rows(keys: BlockKeys, venue: Venue, book: Book, applied: Sequence[Applied]) -> Iterator[Record]:
    """pool_ranges and account_flows: what a block's logs tell, whether it was followed, taken in later or corrected."""
    logged = [(item.log, item.event) for item in applied if item.log is not None]
    yield from range_rows(keys, venue.pool_ranges(logged, book))
    yield from flow_rows(keys, venue.account_flows(logged, book))


def changed_rows(keys: BlockKeys, venue: Venue, book: Book, events: Sequence[Event], latest: Latest) -> Iterator[Record]:
    """pool_states and insurance_funds: what the events of the book's block tell and is not the `latest` already, which then is."""
    views: dict[str | None, PoolState | InsuranceFund] = {view.market: view for view in venue.pool_states(events, book)}
    fund = venue.insurance_fund(events, book)
    if fund is not None:
        views[None] = fund
    changed = {name: view for name, view in views.items() if latest.get(name) != view}
    latest.update(changed)
    yield from state_rows(keys, [view for view in changed.values() if isinstance(view, PoolState)])
    yield from fund_rows(keys, [view for view in changed.values() if isinstance(view, InsuranceFund)])


def range_rows(keys: BlockKeys, views: Sequence[PoolRange]) -> list[PoolRangeRecord]:
    """pool_ranges."""
    return [
        PoolRangeRecord(
            market=view.market,
            transaction_hash=view.log.transaction_hash,
            log_index=view.log.log_index,
            lower_price=view.lower_price,
            upper_price=view.upper_price,
            liquidity_raw=raw(view.liquidity_raw),
            liquidity_decimals=view.liquidity_decimals,
            **keys.columns(),
        )
        for view in views
    ]


def state_rows(keys: BlockKeys, views: Sequence[PoolState]) -> list[PoolStateRecord]:
    """pool_states."""
    return [
        PoolStateRecord(
            market=view.market,
            price=view.price,
            liquidity_raw=raw(view.liquidity_raw),
            liquidity_decimals=view.liquidity_decimals,
            **keys.columns(),
        )
        for view in views
    ]


def fund_rows(keys: BlockKeys, views: Sequence[InsuranceFund]) -> list[InsuranceFundRecord]:
    """insurance_funds."""
    return [
        InsuranceFundRecord(
            capacity_raw=raw(view.capacity_raw),
            decimals=view.decimals,
            capacity_usd=to_units(view.capacity_raw, view.decimals),
            **keys.columns(),
        )
        for view in views
    ]


def flow_rows(keys: BlockKeys, views: Sequence[AccountFlow]) -> list[AccountFlowRecord]:
    """account_flows."""
    return [
        AccountFlowRecord(
            account=view.account,
            transaction_hash=view.log.transaction_hash,
            log_index=view.log.log_index,
            kind=view.kind.value,
            token=view.token,
            amount_raw=raw(view.amount_raw),
            decimals=view.decimals,
            **keys.columns(),
        )
        for view in views
    ]
