"""Watch boxes of accounts with orders: interval arithmetic, everything rounded to the account's disadvantage.

At a given price p the value of a range, base(s) p + quote(s), is lowest over all spots s where s is the square root of p, and that
lowest value is concave in p. So over an interval of prices the position's worth is at least the smaller of its worth at the two ends.
The requirement is bounded through the interval of the spot. Pending fees only grow while the account does nothing. Funding is bounded
by the distance the market's growth has travelled since the last settlement, times the largest base the account can hold."""

from collections.abc import Iterator
from dataclasses import dataclass

from keeper.domain.box import Bounds
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import Q96, RATIO, X18, div_up
from keeper.domain.health import FeedId, WatchBox
from keeper.venues.perp_v2 import orders
from keeper.venues.perp_v2.feeds import collateral_feed, price_feed, spot_feed, travelled_feed
from keeper.venues.perp_v2.funding import PERIOD_SECONDS
from keeper.venues.perp_v2.margin import Margin, collateral_value
from keeper.venues.perp_v2.state import (
    Account,
    ChainReads,
    CollateralReads,
    Market,
    MarketReads,
    Parameters,
    PerpBook,
    Position,
    parameters,
    reads_at,
)
from keeper.venues.perp_v2.ticks import sqrt_price_of

_WIDEST, _NARROWEST = 1, 13
"""Boxes reach a half, a quarter, ... 1 / 2**13 of the price to both sides: the widest that is provably healthy is taken."""
_FUNDING_SHARE = 8
"""An eighth of the present slack is set aside for funding."""
_ROUNDING = 64
"""More than all roundings of one range or position can lose, in units of one wei of base at the price plus one wei of quote."""


@dataclass(frozen=True, slots=True)
class _Worst:
    """Bounds over a box, X18: unrealised pnl and collateral from below, absolute position value from above."""

    unrealized: int
    collateral: int
    abs_position_value: int


def maker_box(account: Account, margin: Margin, book: PerpBook, now: Timestamp) -> WatchBox:
    """The box of an account with orders that is healthy at `now`; due again in the next block when it is too close for any box."""
    params, reads = parameters(book), reads_at(book, now)
    slack = margin.account_value - margin.abs_position_value * params.config.mm_ratio // RATIO
    set_aside = max(0, slack // _FUNDING_SHARE)
    for halvings in range(_WIDEST, _NARROWEST + 1):
        worst = _worst(account, params, reads, halvings)
        if worst is not None and _is_healthy(account, margin, worst, set_aside, params):
            return WatchBox(dict(_bounds(account, book, reads, halvings, set_aside)))
    return WatchBox({}, valid_until=now)


def _worst(account: Account, params: Parameters, reads: ChainReads, halvings: int) -> _Worst | None:
    unrealized = absolute = 0
    for base_token, position in account.positions.items():
        market = reads.markets[base_token]
        low, high = _interval(market.price_x18, halvings)
        unrealized += min(_least_worth(position, low), _least_worth(position, high))
        unrealized -= _ROUNDING * (1 + len(position.orders)) * (high // X18 + 1)
        absolute += div_up(_largest_size(position, market, halvings) * high, X18)
    collaterals = {token: CollateralReads(one.twap - (one.twap >> halvings), one.spot) for token, one in reads.collaterals.items()}
    collateral = collateral_value(account, params, ChainReads(reads.block, collaterals=collaterals))
    return None if collateral is None else _Worst(unrealized, collateral, absolute)


def _is_healthy(account: Account, margin: Margin, worst: _Worst, set_aside: int, params: Parameters) -> bool:
    """The tests of margin.health_of on the bounds, with a settlement unit to spare for the Vault's floor."""
    config = params.config
    settlement = margin.settlement_balance + worst.unrealized - set_aside - 2 * params.settlement_unit
    equity = settlement + worst.collateral
    if equity < _required(worst, config.mm_ratio):
        return False
    if not account.collateral:
        return True
    threshold = (account.debt_threshold_raw or config.debt_threshold) * params.settlement_unit
    return (
        equity >= _required(worst, config.mm_ratio + config.mm_ratio_buffer)
        and settlement + worst.collateral * config.debt_ratio // RATIO >= 0
        and settlement + threshold >= 0
    )


def _required(worst: _Worst, ratio: int) -> int:
    return div_up(worst.abs_position_value * ratio, RATIO)


def _bounds(account: Account, book: PerpBook, reads: ChainReads, halvings: int, set_aside: int) -> Iterator[tuple[FeedId, Bounds]]:
    share = set_aside // len(account.positions)
    for base_token, position in account.positions.items():
        market = reads.markets[base_token]
        yield price_feed(base_token), _interval(market.price_x18, halvings)
        if position.orders:
            yield spot_feed(base_token), _interval(market.sqrt_price_x96, halvings + 1)
        yield travelled_feed(base_token), (None, _travel_limit(position, book.markets[base_token], market, share))
    for token in account.collateral:
        price = reads.collaterals[token].twap
        yield collateral_feed(token), (price - (price >> halvings), None)


def _interval(value: int, halvings: int) -> tuple[int, int]:
    return value - (value >> halvings), value + (value >> halvings)


def _least_worth(position: Position, price_x18: int) -> int:
    """The least the position and its orders can be worth at this price, whatever the spot; X18, floored."""
    spot = sqrt_price_of(price_x18)
    base = position.size + orders.base_in_pool(position.orders.values(), spot) - position.base_debt
    return base * price_x18 // X18 + orders.net_quote(position, spot)


def _largest_size(position: Position, market: MarketReads, halvings: int) -> int:
    low, high = _interval(market.sqrt_price_x96, halvings + 1)
    own_base = position.size - position.base_debt
    most, least = (own_base + orders.base_in_pool(position.orders.values(), spot) for spot in (low, high))
    return max(abs(most), abs(least)) + 1 + len(position.orders)


def _travel_limit(position: Position, market: Market, now: MarketReads, share: int) -> int:
    """How far the growth may have travelled before funding can cost more than `share`. What has accrued since the last settlement
    counts twice: a moved spot re-prices all of it."""
    own_base = position.size - position.base_debt
    whole = sum(orders.base_for_liquidity(one.sqrt_lower_x96, one.sqrt_upper_x96, one.liquidity) + 1 for one in position.orders.values())
    largest = max(abs(own_base), abs(own_base + whole), 1)
    room = share * Q96 * PERIOD_SECONDS // largest
    return market.travelled_x96 + room - (now.travelled_x96 - market.travelled_x96)
