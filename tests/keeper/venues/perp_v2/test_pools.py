"""Pools as the lake is told of them: ranges by the price of their ticks, and the state at the block's own time."""

from itertools import pairwise

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2.events import PerpEvent
from keeper.venues.perp_v2.ticks import MAX_TICK, price_at
from tests.keeper.venues.perp_v2.books import ALICE, BTC, ETH, QUOTE, Desk

LIQUIDITY = 10**30 + 1


def _log(index: int) -> RawLog:
    return RawLog(Address("0x" + "00" * 20), (), b"", 7, Hash32("0x" + "77" * 32), Hash32("0x" + "11" * 32), index)


def _changed(liquidity: int, base: str = ETH) -> log.LiquidityChanged:
    return log.LiquidityChanged(ALICE, base, QUOTE, 78_000, 78_240, 0, 0, liquidity, 5)


def _read(at: int, tick: int, liquidity: int = LIQUIDITY, sqrt_price: int = 1) -> read.MarketRead:
    return read.MarketRead(ETH, at, sqrt_price, tick, liquidity, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0)


def test_prices_of_ticks_compare_as_the_ticks() -> None:
    prices = [price_at(tick) for tick in (-MAX_TICK, -MAX_TICK + 1, -1, 0, 1, 78_000, 78_001, MAX_TICK - 1, MAX_TICK)]
    assert all(low < high for low, high in pairwise(prices))
    assert prices[3] == 1.0


def test_orders_that_grow_and_shrink_are_changes_and_collected_fees_are_none() -> None:
    events: list[PerpEvent] = [_changed(LIQUIDITY), _changed(0), _read(0, 1), _changed(-LIQUIDITY)]
    desk = Desk()
    added, removed = desk.venue.pool_ranges([(_log(index), event) for index, event in enumerate(events)], desk.book)
    assert (added.market, added.lower_price, added.upper_price) == ("ETH", price_at(78_000), price_at(78_240))
    assert (added.liquidity_raw, added.liquidity_decimals, added.log.log_index) == (LIQUIDITY, 18, 0)
    assert (removed.liquidity_raw, removed.log.log_index) == (-LIQUIDITY, 3)


def test_a_market_without_a_name_goes_by_its_token() -> None:
    desk = Desk()
    desk.apply(log.PoolAdded(BTC, 10_000, "0x" + "f3" * 20))
    (change,) = desk.venue.pool_ranges([(_log(0), _changed(1, BTC))], desk.book)
    assert change.market == BTC


def test_a_state_is_the_blocks_own_and_not_the_forecast() -> None:
    desk = Desk()
    (state,) = desk.venue.pool_states([_read(desk.now, 78_100), _read(desk.now + 12, 78_100)], desk.book)
    assert (state.market, state.price, state.liquidity_raw, state.liquidity_decimals) == ("ETH", price_at(78_100), LIQUIDITY, 18)
    assert price_at(78_000) <= state.price < price_at(78_240)


def test_a_pool_that_did_not_answer_has_no_state() -> None:
    desk = Desk()
    assert desk.venue.pool_states([_read(desk.now, 0, liquidity=0, sqrt_price=0)], desk.book) == []
