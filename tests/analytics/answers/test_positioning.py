"""Whose funding stands beside a market's open interest."""

import numpy as np

from analytics.answers.identity import MarketKey
from analytics.answers.positioning import Funding, funding_of


def funding(chain_id: int | None, venue: str, market: str) -> Funding:
    """Of one market, without settlements."""
    return Funding(MarketKey(chain_id, venue, market), np.zeros(0), np.zeros(0), np.zeros(0))


AMONG = [funding(None, "binance", "ETH-USDT"), funding(10, "v", "BTC"), funding(10, "v", "ETH"), funding(11, "v", "ETH")]


def test_the_markets_own_comes_first() -> None:
    assert funding_of(MarketKey(10, "v", "ETH"), AMONG) is AMONG[2]
    assert funding_of(MarketKey(11, "v", "ETH"), AMONG) is AMONG[3]


def test_else_its_venues_whatever_the_recording_calls_the_market() -> None:
    assert funding_of(MarketKey(None, "binance", "ETHUSDT"), AMONG) is AMONG[0]


def test_never_that_of_another_venue_or_chain() -> None:
    assert funding_of(MarketKey(12, "v", "ETH"), AMONG) is None
    assert funding_of(MarketKey(None, "v", "ETH"), AMONG) is None
