"""Watch boxes of accounts without orders. Their margin is linear in prices, funding growth and collateral prices, so the box needs no
time limit: it holds until a feed leaves it or an event touches the account.

Four tests must all keep passing: ClearingHouse._isLiquidatable, and for accounts with other collateral the three of
Vault.isLiquidatable. Each gives a box; the account's is their intersection."""

from collections.abc import Iterator

from keeper.domain.box import Exposure, intersection, linear_bounds
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import Q96, RATIO, X18, mul_ratio
from keeper.domain.health import WatchBox
from keeper.venues.perp_v2.feeds import collateral_feed, growth_feed, price_feed
from keeper.venues.perp_v2.funding import PERIOD_SECONDS
from keeper.venues.perp_v2.margin import Margin, power_of_ten
from keeper.venues.perp_v2.state import Account, ChainReads, Collateral, Parameters, PerpBook, parameters, reads_at

_FUNDING_SHARE = 16
"""Funding moves slowly: it gets a sixteenth of what its market's price gets of the slack."""
_ROUNDING_PER_TERM = 16
"""More wei than all floors and truncations of one position or collateral can lose, twice (now, and inside the box)."""


def taker_box(account: Account, margin: Margin, book: PerpBook, now: Timestamp) -> WatchBox:
    """The box of an account without orders that is healthy at `now`."""
    params, reads = parameters(book), reads_at(book, now)
    config = params.config
    rounding = params.settlement_unit + _ROUNDING_PER_TERM * (1 + len(account.positions) + len(account.collateral))
    requirement = mul_ratio(margin.abs_position_value, config.mm_ratio)
    tests = [(margin.account_value - requirement, config.mm_ratio, RATIO)]
    if account.collateral:
        buffered = config.mm_ratio + config.mm_ratio_buffer
        threshold = (account.debt_threshold_raw or config.debt_threshold) * params.settlement_unit
        tests.append((margin.account_value - mul_ratio(margin.abs_position_value, buffered), buffered, RATIO))
        covered = mul_ratio(margin.collateral_value, config.debt_ratio)
        tests.append((margin.settlement_token_value + covered, 0, config.debt_ratio))
        tests.append((margin.settlement_token_value + threshold, 0, 0))
    boxes = [
        linear_bounds(slack - rounding, list(_exposures(account, params, reads, margin_ratio, collateral_share)))
        for slack, margin_ratio, collateral_share in tests
    ]
    return WatchBox(intersection(boxes))


def _exposures(account: Account, params: Parameters, reads: ChainReads, margin_ratio: int, collateral_share: int) -> Iterator[Exposure]:
    """How the slack of one test moves. `margin_ratio` of position value is required; collateral counts by `collateral_share`."""
    for base_token, position in account.positions.items():
        market = reads.markets[base_token]
        notional = abs(position.size) * market.price_x18 // X18 + 1
        share = RATIO - margin_ratio if position.size > 0 else RATIO + margin_ratio
        yield Exposure(price_feed(base_token), market.price_x18, position.size * share, X18 * RATIO, _FUNDING_SHARE * notional)
        yield Exposure(growth_feed(base_token), market.growth_x96, -position.size, Q96 * PERIOD_SECONDS, notional)
    for token, amount in account.collateral.items():
        collateral, price = params.collaterals[token], reads.collaterals[token].twap
        numerator, denominator = _worth_per_unit(amount, collateral)
        exposed = numerator * collateral_share
        worth = exposed * price // (denominator * RATIO) + 1
        yield Exposure(collateral_feed(token), price, exposed, denominator * RATIO, _FUNDING_SHARE * worth)


def _worth_per_unit(amount_raw: int, collateral: Collateral) -> tuple[int, int]:
    """X18 value at its ratio per unit of the feed's price, as a fraction."""
    decimals, feed_decimals = collateral.decimals or 0, collateral.feed_decimals or 0
    denominator = power_of_ten(feed_decimals) * RATIO
    if decimals > 18:
        return amount_raw * collateral.collateral_ratio, denominator * power_of_ten(decimals - 18)
    return amount_raw * power_of_ten(18 - decimals) * collateral.collateral_ratio, denominator
