"""Watch boxes: how far may each feed move before the slack, available margin less requirement, can be used up?

The slack falls by at most a known amount per unit that a feed moves, whatever the others do inside their bounds: margin is linear in
prices, funding, collateral prices and costs; interest times price is the one product, so prices are bounded with the most interest the
box allows. The reward is made of least and greatest, which never move more than what goes into them. Time needs no bound: funding and
interest are feeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keeper.domain.box import Bounds
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18, div_up
from keeper.domain.health import FeedId, WatchBox
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.feeds import (
    INTEREST_FEED,
    LIQUIDATE_COST_FEED,
    collateral_feed,
    flag_cost_feed,
    funding_feed,
    price_feed,
    skew_scale_feed,
)
from keeper.venues.synthetix_v3.margin import Margin, discount, maintenance_margin_ratio
from keeper.venues.synthetix_v3.reward import reward_cap
from keeper.venues.synthetix_v3.state import (
    SNX_USD,
    Account,
    ChainReads,
    KeeperRewardGuards,
    MarketConfiguration,
    Position,
    SynthetixBook,
    parameters,
    reads_at,
)
from keeper.venues.synthetix_v3.window import windows

_X36 = X18 * X18
_SLOW_SHARE = 16
"""Funding and interest move slowly: each gets a sixteenth of what its market's price gets of the slack."""
_ROUNDING_PER_TERM = 64
"""More wei than all truncations of one position or collateral can lose, twice (now, and inside the box)."""


@dataclass(frozen=True, slots=True)
class Slope:
    """By how much the slack shrinks at most when the feed, now at `value`, falls or rises by one unit: fractions of 1e36, >= 0; 0 where
    it cannot shrink. `weight` is the feed's share of the slack."""

    feed: FeedId
    value: int
    fall: int
    rise: int
    weight: int


def watch_box(account: Account, margin: Margin, book: SynthetixBook, now: Timestamp) -> WatchBox:
    """The box of an account that is healthy at `now`. Nothing can happen to one without positions and debt; one whose funding the
    contract must tell is looked at in every block."""
    if not account.positions and not account.debt:
        return WatchBox({})
    if any(position.guesses != book.markets[market_id].guesses for market_id, position in account.positions.items()):
        return WatchBox({}, valid_until=now)
    guards, reads = parameters(book).guards, reads_at(book, now)
    slack = margin.available - margin.maintenance - margin.reward - _rounding(account, book) - _reward_jump(account, margin, guards)
    slopes = list(_slopes(account, book, reads, reads.next_interest))
    most_interest = _bounds(slack, slopes).get(INTEREST_FEED, (None, None))[1]
    bounds = _bounds(slack, list(_slopes(account, book, reads, most_interest or reads.next_interest)))
    pins = {skew_scale_feed(name): reads.collaterals[name].skew_scale for name in account.collateral if name != SNX_USD}
    return WatchBox({**bounds, **{feed: (value, value) for feed, value in pins.items()}})


def _bounds(slack: int, slopes: Sequence[Slope]) -> dict[FeedId, Bounds]:
    """The interval of each feed in which the slack lasts. Without slack every feed that matters is pinned to its value."""
    total = sum(slope.weight for slope in slopes)
    bounds: dict[FeedId, Bounds] = {}
    for slope in slopes:
        room = max(0, slack) * slope.weight // total * _X36
        low = slope.value - room // slope.fall if slope.fall else None
        high = slope.value + room // slope.rise if slope.rise else None
        bounds[slope.feed] = (low, high)
    return bounds


def _slopes(account: Account, book: SynthetixBook, reads: ChainReads, most_interest: int) -> Iterator[Slope]:
    params, interest_rise, interest_weight = parameters(book), 0, 1
    for market_id, position in account.positions.items():
        configuration, market = book.markets[market_id].configuration, reads.markets[market_id]
        notional = mul_decimal(abs(position.size), market.price) + 1
        yield _price_slope(market_id, position, configuration, reads, most_interest, notional)
        yield _funding_slope(market_id, position, market.next_funding, notional)
        interest_rise += div_up(abs(position.size) * market.price * configuration.locked_oi_ratio, X18)
        interest_weight += notional
    if account.positions:
        # It never falls but by a reorg or new parameters, and prices are bounded from what it is now.
        yield Slope(INTEREST_FEED, reads.next_interest, _X36 * X18 * X18, interest_rise, interest_weight)
    for collateral_id, amount in account.collateral.items():
        if collateral_id != SNX_USD:
            synth = reads.collaterals[collateral_id]
            haircut = discount(amount, params.collaterals[collateral_id], synth)
            yield _collateral_slope(collateral_id, amount, synth.price, haircut, params.guards)
    yield from _cost_slopes(account, book, reads, params.guards)


def _price_slope(
    market_id: str, position: Position, configuration: MarketConfiguration, reads: ChainReads, most_interest: int, notional: int
) -> Slope:
    """The position is worth more, and its margin, interest and flag reward with it. Interest is least now and most at its bound."""
    size = abs(position.size)
    maintenance = maintenance_margin_ratio(position.size, configuration)
    least = configuration.locked_oi_ratio * (reads.next_interest - position.interest) // X18
    most = div_up(configuration.locked_oi_ratio * (most_interest - position.interest), X18)
    return Slope(
        feed=price_feed(market_id),
        value=reads.markets[market_id].price,
        fall=max(0, position.size * X18 - size * (maintenance + least)),
        rise=max(0, size * (maintenance + most + configuration.flag_reward_ratio) - position.size * X18),
        weight=_SLOW_SHARE * notional,
    )


def _funding_slope(market_id: str, position: Position, next_funding: int, notional: int) -> Slope:
    return Slope(
        feed=funding_feed(market_id),
        value=next_funding,
        fall=max(0, position.size) * X18,
        rise=max(0, -position.size) * X18,
        weight=notional,
    )


def _collateral_slope(collateral_id: str, amount: int, price: int, haircut: int, guards: KeeperRewardGuards) -> Slope:
    """Collateral is worth more, and so may the reward be."""
    reward = guards.collateral_liquidate_reward_ratio + guards.max_keeper_scaling_ratio
    return Slope(
        feed=collateral_feed(collateral_id),
        value=price,
        fall=amount * (X18 - haircut),
        rise=max(0, amount * (reward - X18 + haircut)),
        weight=_SLOW_SHARE * (mul_decimal(amount, price) + 1),
    )


def _cost_slopes(account: Account, book: SynthetixBook, reads: ChainReads, guards: KeeperRewardGuards) -> Iterator[Slope]:
    """The reward follows the costs, with the profit on them, once per window."""
    if reads.costs is None:
        return
    share, count = X18 + guards.min_keeper_profit_ratio, _windows(account, book)
    flag, liquidate = reads.costs.flag[account.feeds], reads.costs.liquidate
    yield Slope(flag_cost_feed(account.feeds), flag, 0, X18 * share, _SLOW_SHARE * (flag + 1))
    yield Slope(LIQUIDATE_COST_FEED, liquidate, 0, X18 * share * count, _SLOW_SHARE * count * (liquidate + 1))


def _windows(account: Account, book: SynthetixBook) -> int:
    """Calls it takes to liquidate the account, at least one."""
    return max((windows(book.markets[name].configuration, position.size) for name, position in account.positions.items()), default=1) or 1


def _rounding(account: Account, book: SynthetixBook) -> int:
    """What truncations may lose; a margin ratio above 1 multiplies what the notional lost."""
    ratios = (
        maintenance_margin_ratio(position.size, book.markets[name].configuration) // X18 for name, position in account.positions.items()
    )
    return _ROUNDING_PER_TERM * (1 + len(account.collateral) + len(account.positions)) + 2 * sum(ratios) + 2 * _windows(account, book)


def _reward_jump(account: Account, margin: Margin, guards: KeeperRewardGuards) -> int:
    """Where collateral may become worth nothing at all the cap of the reward jumps from its share of the collateral to the maximum."""
    if margin.collateral_value == 0 or account.collateral.get(SNX_USD):
        return 0
    return guards.max_keeper_reward - reward_cap(guards, margin.collateral_value)
