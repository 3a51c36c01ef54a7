"""From what a venue says of pools, its insurance fund and account flows to the rows of the lake. Pure functions; one per table."""

from collections.abc import Iterator, Sequence
from typing import Any

from keeper.domain.fixed import to_units
from keeper.domain.records import AccountFlowRecord, InsuranceFundRecord, PoolRangeRecord, PoolStateRecord, Record, raw
from keeper.domain.venue import AccountFlow, InsuranceFund, PoolRange, PoolState, Venue
from keeper.engine.evaluator import Applied, Latest
from keeper.engine.recording import Where


def logged_rows(where: Where, venue: Venue[Any, Any], book: Any, applied: Sequence[Applied[Any]]) -> Iterator[Record]:
    """pool_ranges and account_flows: what a block's logs tell, whether it was followed, taken in later or corrected."""
    logged = [(item.log, item.event) for item in applied if item.log is not None]
    yield from range_rows(where, venue.pool_ranges(logged, book))
    yield from flow_rows(where, venue.account_flows(logged, book))


def changed_rows(where: Where, venue: Venue[Any, Any], book: Any, events: Sequence[Any], latest: Latest) -> Iterator[Record]:
    """pool_states and insurance_funds: what the events of the book's block tell and is not the `latest` already, which then is."""
    views: dict[str | None, PoolState | InsuranceFund] = {view.market: view for view in venue.pool_states(events, book)}
    fund = venue.insurance_fund(events, book)
    if fund is not None:
        views[None] = fund
    changed = {name: view for name, view in views.items() if latest.get(name) != view}
    latest.update(changed)
    yield from state_rows(where, [view for view in changed.values() if isinstance(view, PoolState)])
    yield from fund_rows(where, [view for view in changed.values() if isinstance(view, InsuranceFund)])


def range_rows(where: Where, views: Sequence[PoolRange]) -> list[PoolRangeRecord]:
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
            **where.keys(),
        )
        for view in views
    ]


def state_rows(where: Where, views: Sequence[PoolState]) -> list[PoolStateRecord]:
    """pool_states."""
    return [
        PoolStateRecord(
            market=view.market,
            price=view.price,
            liquidity_raw=raw(view.liquidity_raw),
            liquidity_decimals=view.liquidity_decimals,
            **where.keys(),
        )
        for view in views
    ]


def fund_rows(where: Where, views: Sequence[InsuranceFund]) -> list[InsuranceFundRecord]:
    """insurance_funds."""
    return [
        InsuranceFundRecord(
            capacity_raw=raw(view.capacity_raw),
            decimals=view.decimals,
            capacity_usd=to_units(view.capacity_raw, view.decimals),
            **where.keys(),
        )
        for view in views
    ]


def flow_rows(where: Where, views: Sequence[AccountFlow]) -> list[AccountFlowRecord]:
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
            **where.keys(),
        )
        for view in views
    ]
