"""The numbers watch boxes are drawn over. Named by ids: names of markets are for people and may change."""

from collections.abc import Mapping

from keeper.domain.chain import Timestamp
from keeper.domain.health import FeedId
from keeper.venues.synthetix_v3.state import SynthetixBook, reads_at

INTEREST_FEED = FeedId("interest")
"""Interest per USD of locked open interest since the deployment, X18."""
LIQUIDATE_COST_FEED = FeedId("cost/liquidate")
"""What liquidating costs a keeper, USD X18."""


def price_feed(market_id: str) -> FeedId:
    """The market's index price, X18."""
    return FeedId(f"market/{market_id}/price")


def funding_feed(market_id: str) -> FeedId:
    """The market's funding value at the time, USD per base unit, X18."""
    return FeedId(f"market/{market_id}/funding")


def collateral_feed(collateral_id: str) -> FeedId:
    """The collateral's price in its spot market, X18."""
    return FeedId(f"collateral/{collateral_id}/price")


def skew_scale_feed(collateral_id: str) -> FeedId:
    """The skew scale of the collateral's spot market, which the haircut depends on, X18."""
    return FeedId(f"collateral/{collateral_id}/skew_scale")


def flag_cost_feed(feeds: int) -> FeedId:
    """What flagging an account with this many price feeds costs a keeper, USD X18."""
    return FeedId(f"cost/flag/{feeds}")


def feeds_at(book: SynthetixBook, now: Timestamp) -> Mapping[FeedId, int]:
    """The value of every feed at `now`. Raises KeyError where `refresh` was not applied for that time."""
    reads = reads_at(book, now)
    values: dict[FeedId, int] = {INTEREST_FEED: reads.next_interest}
    for market_id, market in reads.markets.items():
        values[price_feed(market_id)] = market.price
        values[funding_feed(market_id)] = market.next_funding
    for collateral_id, collateral in reads.collaterals.items():
        if collateral.price:
            values[collateral_feed(collateral_id)] = collateral.price
        values[skew_scale_feed(collateral_id)] = collateral.skew_scale
    if reads.costs is not None:
        values[LIQUIDATE_COST_FEED] = reads.costs.liquidate
        values |= {flag_cost_feed(feeds): cost for feeds, cost in enumerate(reads.costs.flag)}
    return values
