"""Watch boxes: wherever the feeds go inside the box, in whatever combination, the exact test says healthy."""

from collections.abc import Mapping

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keeper.domain.box import Bounds
from keeper.domain.chain import Timestamp
from keeper.domain.health import FeedId
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3.feeds import (
    INTEREST_FEED,
    LIQUIDATE_COST_FEED,
    collateral_feed,
    flag_cost_feed,
    funding_feed,
    price_feed,
    skew_scale_feed,
)
from keeper.venues.synthetix_v3.margin import margin_with
from keeper.venues.synthetix_v3.state import ChainReads, CollateralReads, KeeperCosts, MarketReads
from tests.keeper.venues.synthetix_v3.books import ALICE, BOB, BTC, ENDORSED, ETH, NO_CODE, SENDER, SETH, SNX_USD, Desk, key_of, x18

_FINE = 2**40
_SIZES = st.one_of(st.just(0.0), st.floats(-200, 200).filter(lambda size: abs(size) > 0.01))


@st.composite
def _desks(draw: st.DrawFn) -> Desk:
    """Alice healthy with up to two positions, snxUSD, a synth and debt, under parameters far from the usual ones too; a day old."""
    desk = Desk()
    scalar, locked = draw(st.sampled_from((0.02, 0.5, 3.0))), draw(st.sampled_from((0.0, 0.1, 1.0)))
    flag_reward, multiplier = draw(st.sampled_from((0.0003, 0.3))), draw(st.sampled_from((0.15, 0.0005)))
    for market_id in (ETH, BTC):
        desk.apply(parameter.LiquidationParametersSet(market_id, x18(1.16), x18(scalar), x18(0.28), x18(flag_reward), x18(15)))
        desk.apply(parameter.MaxLiquidationParametersSet(market_id, x18(multiplier), 10, 0, ENDORSED))
        desk.apply(parameter.LockedOiRatioSet(market_id, x18(locked)))
    scaling, profit = draw(st.sampled_from((0.3, 1.5))), draw(st.sampled_from((0.0, 0.3)))
    desk.apply(parameter.KeeperRewardGuardsSet(x18(1), x18(profit), x18(draw(st.sampled_from((30, 3_000, 10**6)))), x18(scaling)))
    desk.apply(parameter.CollateralLiquidateRewardRatioSet(x18(draw(st.sampled_from((0.0003, 0.2))))))
    desk.trade(BOB, draw(st.floats(-3_000, 3_000)), rate=x18(draw(st.sampled_from((0.0, 0.5)))))
    usd, synth = draw(st.sampled_from((0, 10, 100_000, 5_000_000))), draw(st.sampled_from((0, 1, 2_000)))
    assume(usd or synth)
    for collateral_id, amount in ((SNX_USD, usd), (SETH, synth)):
        if amount:
            desk.deposit(ALICE, amount, collateral_id)
    for market_id, share in ((ETH, 1), (BTC, 25)):
        size = draw(_SIZES) / share
        if size:
            desk.trade(ALICE, size, market_id=market_id, rate=x18(0.5))
    debt = draw(st.sampled_from((0, 0, 5, 200_000)))
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 0, x18(debt), NO_CODE, SENDER))
    desk.block(draw(st.sampled_from((0, 86_400))) + 2)
    desk.publish(ETH, 2_500 * draw(st.floats(0.7, 1.3)))
    desk.read()
    assume(key_of(ALICE) in desk.book.accounts and desk.health(ALICE).breach is None)
    return desk


def _place(value: int, bounds: Bounds, share: float | None) -> int:
    """Somewhere between the bounds, 0 at the lower and 1 at the upper one; far away where there is none; where it is without a share."""
    if share is None:
        return value
    low = bounds[0] if bounds[0] is not None else min(0, -2 * abs(value))
    high = bounds[1] if bounds[1] is not None else 3 * abs(value) + 10**18
    return low + (high - low) * int(share * _FINE) // _FINE


def _reads(desk: Desk, box: Mapping[FeedId, Bounds], shares: Mapping[FeedId, float]) -> ChainReads:
    """What could be read inside the box. No price or cost is negative, and interest never falls."""
    reads = desk.book.reads[desk.now]
    assert reads.costs is not None

    def place(feed: FeedId, value: int, least: int | None = 0) -> int:
        level = _place(value, box.get(feed, (None, None)), shares.get(feed))
        return level if least is None else max(least, level)

    return ChainReads(
        block=reads.block,
        next_interest=place(INTEREST_FEED, reads.next_interest, reads.next_interest),
        markets={
            name: MarketReads(place(price_feed(name), one.price, 1), place(funding_feed(name), one.next_funding, None))
            for name, one in reads.markets.items()
        },
        collaterals={
            name: CollateralReads(place(collateral_feed(name), one.price, 1), place(skew_scale_feed(name), one.skew_scale))
            for name, one in reads.collaterals.items()
        },
        costs=KeeperCosts(
            place(LIQUIDATE_COST_FEED, reads.costs.liquidate),
            tuple(place(flag_cost_feed(feeds), cost) for feeds, cost in enumerate(reads.costs.flag)),
        ),
    )


def _slack(desk: Desk, box: Mapping[FeedId, Bounds], shares: Mapping[FeedId, float]) -> int:
    margin = margin_with(desk.account(ALICE), desk.book, _reads(desk, box, shares), desk.now)
    assert margin is not None
    return margin.available - margin.maintenance - margin.reward


def _worst_corner(desk: Desk, box: Mapping[FeedId, Bounds]) -> Mapping[FeedId, float]:
    """Every feed at the end that costs more when it moves alone."""
    return {feed: min((0.0, 1.0), key=lambda share: _slack(desk, box, {feed: share})) for feed in box}  # called at once


@settings(max_examples=300)
@given(desk=_desks(), data=st.data())
def test_everywhere_in_the_box_the_account_is_healthy(desk: Desk, data: st.DataObject) -> None:
    """At the worst corner, where every feed is at the end that costs more, and anywhere else."""
    account = desk.account(ALICE)
    box = desk.venue.watch_box(key_of(ALICE), desk.book, desk.now)
    assert box.valid_until is None
    feeds = desk.venue.feeds(desk.book, desk.now)
    assert all(low is None or low <= feeds[feed] for feed, (low, _) in box.bounds.items())
    assert all(high is None or feeds[feed] <= high for feed, (_, high) in box.bounds.items())
    share = st.one_of(st.sampled_from((0.0, 1.0)), st.floats(0, 1))
    shares = data.draw(st.fixed_dictionaries(dict.fromkeys(feeds, share)))
    if account.positions or account.debt:
        assert _slack(desk, box.bounds, _worst_corner(desk, box.bounds)) >= 0
        assert _slack(desk, box.bounds, shares) >= 0


@settings(max_examples=100)
@given(desk=_desks(), idle=st.integers(1, 40 * 86_400), price=st.floats(0.5, 2), skew=st.floats(-5_000, 5_000))
def test_a_long_silence_with_prices_and_skew_moving(desk: Desk, idle: int, price: float, skew: float) -> None:
    """Funding and interest are feeds: while all feeds are in the box, however late, the account is healthy."""
    box = desk.venue.watch_box(key_of(ALICE), desk.book, desk.now)
    desk.trade(BOB, skew, rate=x18(0.5))
    desk.block(idle)
    desk.publish(ETH, 2_500 * price)
    desk.read()
    feeds = desk.venue.feeds(desk.book, desk.now)
    inside = all((low is None or low <= feeds[feed]) and (high is None or feeds[feed] <= high) for feed, (low, high) in box.bounds.items())
    assert not inside or desk.health(ALICE).breach is None


def test_the_box_is_worth_having() -> None:
    """A tenth of the margin away from liquidation, most of that way is inside."""
    desk = Desk()
    desk.deposit(ALICE, 2_500)
    desk.trade(ALICE, 10)
    desk.read()
    health = desk.health(ALICE)
    low, high = desk.venue.watch_box(key_of(ALICE), desk.book, desk.now).bounds[price_feed(str(ETH))]
    assert high is None
    assert low is not None
    slack_per_unit = (health.equity.raw - health.requirement.raw) // 10
    assert desk.prices[ETH] - low > slack_per_unit * 8 // 10


def test_nothing_can_happen_without_positions_and_debt() -> None:
    desk = Desk()
    desk.deposit(ALICE, 1, SETH)
    desk.read()
    box = desk.venue.watch_box(key_of(ALICE), desk.book, desk.now)
    assert (box.bounds, box.valid_until) == ({}, None)


def test_a_guess_or_a_missing_price_is_looked_at_in_every_block() -> None:
    desk = Desk()
    desk.apply(parameter.MarketPriceDataUpdated(ETH, "0x" + "0f" * 32, 60))
    desk.deposit(ALICE, 10_000)
    desk.trade(ALICE, 10)
    desk.block()
    desk.commit(BOB, 1)
    desk.read()
    assert desk.venue.watch_box(key_of(ALICE), desk.book, desk.now).valid_until == desk.now
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.read(Timestamp(desk.now + 2))
    desk.book.reads[desk.now] = ChainReads(desk.number)
    assert desk.venue.watch_box(key_of(ALICE), desk.book, desk.now).valid_until == desk.now


def test_a_reward_that_is_a_share_of_the_collateral_may_rise_faster_than_it() -> None:
    """Half again as much as the collateral is worth: dearer collateral makes the account liquidatable."""
    desk = Desk()
    desk.apply(parameter.KeeperRewardGuardsSet(x18(1), x18(0.3), x18(10**6), x18(1.5)))
    desk.apply(parameter.LiquidationParametersSet(ETH, x18(1.16), x18(0.02), x18(0.28), x18(0.3), x18(15)))
    desk.deposit(ALICE, 1, SETH)
    desk.trade(ALICE, 10, 2_300)
    desk.read()
    box = desk.venue.watch_box(key_of(ALICE), desk.book, desk.now).bounds
    feed = collateral_feed(str(SETH))
    assert _slack(desk, box, _worst_corner(desk, box)) >= 0
    high = box[feed][1]
    assert high is not None
    assert high < x18(3_800)
    assert _slack(desk, {feed: (x18(3_800), x18(3_800))}, {feed: 1.0}) < 0


def test_collateral_may_become_worth_nothing_but_then_the_reward_has_no_cap_by_it() -> None:
    """A third of what is left is little, a third of nothing is the maximum."""
    desk = Desk()
    desk.apply(parameter.KeeperRewardGuardsSet(x18(3_000), x18(0.3), x18(3_000), x18(0.3)))
    desk.deposit(ALICE, 0.5, SETH)
    desk.trade(ALICE, -0.5, 8_300)
    desk.read()
    box = desk.venue.watch_box(key_of(ALICE), desk.book, desk.now).bounds
    feed = collateral_feed(str(SETH))
    assert _slack(desk, box, _worst_corner(desk, box)) >= 0
    assert _slack(desk, {feed: (2, 2)}, {feed: 1.0}) >= 0
    assert _slack(desk, {feed: (1, 1)}, {feed: 1.0}) < 0
