"""The numbers watch boxes are drawn over. Named by address: names of markets are for people and may change."""

from collections.abc import Mapping

from keeper.domain.chain import Timestamp
from keeper.domain.health import FeedId
from keeper.venues.perp_v2.state import PerpBook, reads_at


def price_feed(base_token: str) -> FeedId:
    """The market's reference price, X18."""
    return FeedId(f"{base_token}/price")


def growth_feed(base_token: str) -> FeedId:
    """The market's funding growth, Q96."""
    return FeedId(f"{base_token}/growth")


def travelled_feed(base_token: str) -> FeedId:
    """The sum of the absolute changes of the market's funding growth, Q96: never falls."""
    return FeedId(f"{base_token}/travelled")


def spot_feed(base_token: str) -> FeedId:
    """The pool's square-root price, Q96."""
    return FeedId(f"{base_token}/spot")


def collateral_feed(token: str) -> FeedId:
    """The collateral's 15-minute TWAP in its feed's decimals."""
    return FeedId(f"{token}/twap")


def feeds_at(book: PerpBook, now: Timestamp) -> Mapping[FeedId, int]:
    """The value of every feed at `now`. Raises KeyError where `refresh` was not applied for that time."""
    reads = reads_at(book, now)
    values: dict[FeedId, int] = {}
    for base_token, market in reads.markets.items():
        values[price_feed(base_token)] = market.price_x18
        values[growth_feed(base_token)] = market.growth_x96
        values[travelled_feed(base_token)] = market.travelled_x96
        values[spot_feed(base_token)] = market.sqrt_price_x96
    for token, prices in reads.collaterals.items():
        values[collateral_feed(token)] = prices.twap
    return values
