"""The pure mathematics of the venue on drawn numbers: prices, ticks, ranges, and that a watch box keeps what it promises."""

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keeper.domain.fixed import Q96, RATIO, X18
from keeper.domain.health import WatchBox
from keeper.venues.perp_v2 import funding, orders, ticks
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2.feeds import collateral_feed, growth_feed, price_feed, spot_feed, travelled_feed
from keeper.venues.perp_v2.price import median_of_three
from keeper.venues.perp_v2.state import Order
from tests.keeper.venues.perp_v2.books import ALICE, ETH, USDC, WETH, Desk, sqrt_of

_prices = st.integers(0, 2**200)
_ticks = st.integers(-ticks.MAX_TICK, ticks.MAX_TICK)
_market_ticks = st.integers(-150_000, 200_000)
"""Prices from 3e-7 to 5e8."""


@given(_prices, _prices, _prices)
def test_the_median_is_the_middle_one(first: int, second: int, third: int) -> None:
    """PerpMath.findMedianOfThree."""
    assert median_of_three(first, second, third) == sorted((first, second, third))[1]


@given(_ticks)
def test_a_tick_is_found_again_from_its_price(tick: int) -> None:
    """Exactly at the boundary, one below it, and by the real number it stands for."""
    sqrt = ticks.sqrt_price_at(tick)
    assert ticks.tick_at(sqrt) == tick
    if tick > -ticks.MAX_TICK:
        assert ticks.tick_at(sqrt - 1) == tick - 1
    assert math.isclose(sqrt / Q96, 1.0001 ** (tick / 2), rel_tol=1e-9)


@given(_market_ticks)
def test_a_twap_is_told_from_its_rounded_price(tick: int) -> None:
    """FundingUpdated's 18 decimals suffice to know the tick, so nothing of the growth is lost."""
    assert ticks.tick_of_price_x18(ticks.price_x18_of(ticks.sqrt_price_at(tick))) == tick


@given(_market_ticks, st.integers(2, 10**6))
def test_a_price_between_ticks_is_not_mistaken_for_one(tick: int, share: int) -> None:
    """A spot price, in a market's first seconds, is no tick's."""
    low, high = (ticks.price_x18_of(ticks.sqrt_price_at(one)) for one in (tick, tick + 1))
    between = low + (high - low) // share
    assume(low < between < high)
    assert ticks.tick_of_price_x18(between) is None


@given(st.integers(-(10**24), 10**24), st.integers(-(10**35), 10**35), st.integers(-(10**35), 10**35))
def test_funding_is_symmetric(base: int, growth: int, last: int) -> None:
    """What a long pays a short of the same size gets, to the wei, since both truncate towards zero."""
    assert funding.payment(base, growth, last) == -funding.payment(-base, growth, last)
    assert abs(funding.payment(base, growth, last)) <= abs(base * (growth - last)) // (Q96 * funding.PERIOD_SECONDS)


@given(st.integers(60_000, 90_000), st.integers(1, 3_000), st.integers(1, 10**24), st.integers(100, 10_000), st.integers(100, 10_000))
def test_a_range_is_worth_least_where_spot_and_price_agree(lower: int, width: int, liquidity: int, spot: int, price: int) -> None:
    """What the maker box stands on: at a given price no spot makes a range worth less than the one of that price."""
    held = [Order(ticks.sqrt_price_at(lower), ticks.sqrt_price_at(lower + width), liquidity, 0, 0)]

    def worth(sqrt: int) -> int:
        return orders.base_in_pool(held, sqrt) * price + orders.quote_in_pool(held, sqrt)

    assert worth(sqrt_of(spot)) >= worth(sqrt_of(price)) - price - 2


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_taker_is_healthy_anywhere_in_the_box(data: st.DataObject) -> None:
    """Both sides, near and far from the threshold, with and without collateral; all corners and points between."""
    desk = Desk()
    size = data.draw(st.integers(-50, 50).filter(bool))
    tokens, most_usd = data.draw(st.sampled_from([(0, 40_000), (10**17, 40_000), (7 * 10**18, 2_000), (20 * 10**18, 2_000)]))
    usd = data.draw(st.integers(0, most_usd))
    desk.deposit(ALICE, usd)
    if tokens:
        desk.apply(log.Deposited(WETH, ALICE, tokens))
    desk.trade(ALICE, size, -2_500 * size)
    desk.market(data.draw(st.integers(2_000, 3_000)))
    desk.collateral(data.draw(st.integers(1_500, 3_500)))
    health = desk.venue.health(ALICE, desk.book, desk.now)
    assume(not health.liquidatable)
    box = desk.venue.watch_box(ALICE, desk.book, desk.now)
    now = dict(desk.venue.feeds(desk.book, desk.now))
    values = {feed: _inside(data, box, feed, now[feed]) for feed in (price_feed(ETH), growth_feed(ETH), collateral_feed(WETH))}
    assume(all(value > 0 for feed, value in values.items() if feed != growth_feed(ETH)))
    desk.apply(read.PositionGrowthRead(ALICE, ETH, now[growth_feed(ETH)] - values[growth_feed(ETH)]))
    _set_price(desk, values[price_feed(ETH)])
    desk.apply(read.CollateralRead(WETH, desk.now, values[collateral_feed(WETH)], 1))
    assert not desk.venue.health(ALICE, desk.book, desk.now).liquidatable


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_maker_is_healthy_anywhere_in_the_box(data: st.DataObject) -> None:
    """Price and spot move apart inside their intervals, funding goes the whole allowed way against the maker, fees stay."""
    desk = Desk()
    desk.deposit(ALICE, data.draw(st.integers(100, 30_000)))
    lower = ticks.tick_at(sqrt_of(2_500)) + data.draw(st.integers(-2_000, 1_000))
    upper = lower + data.draw(st.integers(10, 3_000))
    held = Order(ticks.sqrt_price_at(lower), ticks.sqrt_price_at(upper), data.draw(st.integers(10**19, 10**23)), 0, 0)
    owed_at = sqrt_of(data.draw(st.integers(2_200, 2_800)))
    desk.order(ALICE, lower, upper, held.liquidity, orders.base_in_pool([held], owed_at), orders.quote_in_pool([held], owed_at))
    if taken := data.draw(st.integers(-10, 10)):
        desk.trade(ALICE, taken, -2_500 * taken)
    desk.market(data.draw(st.integers(2_200, 2_800)), spot=data.draw(st.integers(2_200, 2_800)))
    desk.collateral()
    fee = data.draw(st.integers(0, 100)) * X18
    desk.apply(read.MakerRead(ALICE, desk.now, fee, 0))
    assume(not desk.venue.health(ALICE, desk.book, desk.now).liquidatable)
    box = desk.venue.watch_box(ALICE, desk.book, desk.now)
    assume(box.valid_until is None)
    now = dict(desk.venue.feeds(desk.book, desk.now))
    travel = (box.bounds[travelled_feed(ETH)][1] or 0) - now[travelled_feed(ETH)]
    assert travel >= 0
    most = max(abs(_base(desk, owed)) for owed in (1, 10**40))
    owed_funding = travel * most // Q96 // funding.PERIOD_SECONDS
    spot = _inside(data, box, spot_feed(ETH), now[spot_feed(ETH)])
    _set_price(desk, _inside(data, box, price_feed(ETH), now[price_feed(ETH)]), spot)
    desk.apply(read.MakerRead(ALICE, desk.now, fee, owed_funding))
    assert not desk.venue.health(ALICE, desk.book, desk.now).liquidatable


def _base(desk: Desk, sqrt: int) -> int:
    """All base the account has at a spot, debts taken off."""
    position = desk.book.accounts[ALICE].positions[ETH]
    return position.size + orders.base_in_pool(position.orders.values(), sqrt) - position.base_debt


def _inside(data: st.DataObject, box: WatchBox, feed: object, now: int) -> int:
    """A corner of the box, or any point of it."""
    low, high = {str(key): value for key, value in box.bounds.items()}.get(str(feed), (None, None))
    open_side = abs(now) // 2 or 10**36
    lowest = now - open_side if low is None else low
    highest = now + open_side if high is None else high
    return data.draw(st.one_of(st.sampled_from([lowest, highest]), st.integers(lowest, highest)))


def _set_price(desk: Desk, price_x18: int, spot_sqrt: int | None = None) -> None:
    """A paused market is valued at a price of our choice, to the wei."""
    reads = desk.book.reads[desk.now].markets[ETH]
    spot = reads.sqrt_price_x96 if spot_sqrt is None else spot_sqrt
    desk.market(status=1, stopped_at=desk.now, stopped_price_x18=price_x18, sqrt_price_x96=spot)


def test_the_drawn_numbers_reach_the_threshold() -> None:
    """A box one step wider would not hold: just outside of it a long is liquidatable, give or take the rounding margin."""
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.trade(ALICE, 4, -10_000)
    desk.market(2_500)
    low, _ = desk.venue.watch_box(ALICE, desk.book, desk.now).bounds[price_feed(ETH)]
    assert low is not None
    threshold = (10_000 - 1_000) * X18 * RATIO // (4 * (RATIO - 62_500))
    price = desk.book.reads[desk.now].markets[ETH].price_x18
    assert threshold < low < threshold + (price - threshold) // 16
    _set_price(desk, threshold - 10**9)
    assert desk.venue.health(ALICE, desk.book, desk.now).liquidatable
    assert desk.book.accounts[ALICE].collateral == {}
    assert desk.book.globals["parameters"].settlement_token == USDC
