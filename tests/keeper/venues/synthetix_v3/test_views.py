"""What people and the lake are told."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.domain.views import FlowKind
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3.funding import next_funding
from keeper.venues.synthetix_v3.margin import margin_with
from keeper.venues.synthetix_v3.state import MarketReads
from tests.keeper.venues.synthetix_v3.books import ADDRESSES, ALICE, BOB, BTC, ETH, SENDER, SETH, Desk, key_of, x18

_LOG = RawLog(Address(ADDRESSES["perps_market"]), (), b"", 1, Hash32("0x" + "0" * 64), Hash32("0x" + "1" * 64), 0)


def _is_liquidatable(desk: Desk, price: int) -> bool:
    """At another price of ETH and of sETH, which follows the same feed, everything else as it is."""
    account, reads = desk.account(ALICE), desk.book.reads[desk.now]
    market = MarketReads(price, next_funding(desk.market(), price, desk.now))
    synth = replace(reads.collaterals[str(SETH)], price=price)
    reads_then = replace(reads, markets={**reads.markets, str(ETH): market}, collaterals={str(SETH): synth})
    margin = margin_with(account, desk.book, reads_then, desk.now)
    assert margin is not None
    return margin.maintenance + margin.reward > margin.available


@settings(max_examples=60)
@given(
    size=st.floats(-50, 50).filter(lambda size: abs(size) > 0.1),
    margin=st.floats(10, 50_000),
    other=st.floats(-0.5, 0.5),
    idle=st.sampled_from((2, 86_400)),
)
def test_the_liquidation_price_is_where_the_test_flips(size: float, margin: float, other: float, idle: int) -> None:
    """A millionth to the bad side the account is liquidatable, a millionth to the good side it is not."""
    desk = Desk()
    desk.deposit(ALICE, margin)
    desk.trade(ALICE, size)
    if other:
        desk.trade(ALICE, other, market_id=BTC)
    desk.block(idle)
    desk.read()
    view = next(one for one in desk.venue.positions(key_of(ALICE), desk.book, desk.now) if one.market == "ETH")
    price = view.liquidation_price_x18
    assume(price is not None and price > 10**12)
    assert price is not None
    worse, better = (price - price // 10**6, price + price // 10**6) if size > 0 else (price + price // 10**6, price - price // 10**6)
    assert _is_liquidatable(desk, worse)
    assert not _is_liquidatable(desk, better)


@settings(max_examples=60)
@given(size=st.floats(-20, 20).filter(lambda size: abs(size) > 0.1), synth=st.floats(0.1, 30), margin=st.floats(10, 20_000))
def test_a_synth_of_the_same_feed_moves_with_the_price(size: float, synth: float, margin: float) -> None:
    """Long or short, and whether or not the synth outweighs a short: the test flips there."""
    desk = Desk()
    desk.deposit(ALICE, margin)
    desk.deposit(ALICE, synth, SETH)
    desk.trade(ALICE, size)
    desk.read()
    (view,) = desk.venue.positions(key_of(ALICE), desk.book, desk.now)
    price = view.liquidation_price_x18
    assume(price is not None and price > 10**15)
    assert price is not None
    assert _is_liquidatable(desk, price - price // 10**6) != _is_liquidatable(desk, price + price // 10**6)


def test_a_hedged_short_dies_by_a_fall() -> None:
    """5 sETH behind 3 ETH short: who is long on balance loses with the price, though his position gains."""
    desk = Desk()
    desk.apply(log.CollateralModified(ALICE, SETH, x18(5), SENDER))
    desk.trade(ALICE, -3, fees=x18(9_000))
    desk.read()
    (view,) = desk.venue.positions(key_of(ALICE), desk.book, desk.now)
    assert view.liquidation_price_x18 is not None
    assert view.liquidation_price_x18 < view.mark_price_x18


def test_no_price_liquidates_who_has_more_than_the_position_can_lose() -> None:
    desk = Desk()
    desk.deposit(ALICE, 10_000)
    desk.trade(ALICE, 1)
    desk.read()
    (view,) = desk.venue.positions(key_of(ALICE), desk.book, desk.now)
    assert view.liquidation_price_x18 is None
    assert (view.size_x18, view.open_notional_x18, view.mark_price_x18) == (x18(1), -x18(2_500), x18(2_500))
    assert not view.has_orders


def test_where_the_funding_is_a_guess_there_is_no_liquidation_price() -> None:
    desk = Desk()
    desk.apply(parameter.MarketPriceDataUpdated(ETH, "0x" + "0f" * 32, 60))
    desk.deposit(ALICE, 1_000)
    desk.trade(ALICE, 10)
    desk.block()
    desk.commit(ALICE, 1)
    desk.read()
    (view,) = desk.venue.positions(key_of(ALICE), desk.book, desk.now)
    assert (view.liquidation_price_x18, view.has_orders) == (None, True)


def test_open_interest_is_what_size_and_skew_say() -> None:
    desk = Desk()
    desk.trade(ALICE, 7)
    desk.trade(BOB, -2)
    desk.read()
    view = next(one for one in desk.venue.markets(desk.book, desk.now) if one.market == "ETH")
    assert (view.open_interest_long_x18, view.open_interest_short_x18) == (x18(7), x18(2))
    assert view.index_price_x18 == view.mark_price_x18 == view.spot_price_x18 == x18(2_500)
    assert desk.venue.market_names(desk.book) == ["ETH", "BTC"]
    desk.block(86_400)
    desk.read()
    moved = next(one for one in desk.venue.markets(desk.book, desk.now) if one.market == "ETH")
    assert moved.premium_rate_per_day == pytest.approx(5 / 15_000 * 9)
    assert moved.funding_growth_raw < 0


def test_flows_of_collateral_and_debt() -> None:
    desk = Desk()
    events = (
        log.CollateralModified(ALICE, 0, x18(3), SENDER),
        log.CollateralModified(ALICE, SETH, -x18(2), SENDER),
        log.CollateralModified(ALICE, 9, x18(1), SENDER),
        log.DebtPaid(ALICE, x18(4), SENDER),
    )
    flows = desk.venue.account_flows([(_LOG, event) for event in events], desk.book)
    assert [(one.kind, one.token, one.amount_raw) for one in flows] == [
        (FlowKind.DEPOSIT, ADDRESSES["usd_token"], x18(3)),
        (FlowKind.WITHDRAWAL, "0x" + "a6" * 20, x18(2)),
        (FlowKind.DEPOSIT, "synth 9", x18(1)),
        (FlowKind.DEPOSIT, ADDRESSES["usd_token"], x18(4)),
    ]
    assert {one.decimals for one in flows} == {18}


def test_it_has_neither_pools_nor_an_insurance_fund() -> None:
    desk = Desk()
    assert desk.venue.pool_ranges([], desk.book) == ()
    assert desk.venue.pool_states([], desk.book) == ()
    assert desk.venue.insurance_fund([], desk.book) is None
