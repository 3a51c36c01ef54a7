"""The oracle's price at a log's place in its block: what Pyth stored last before it."""

from dataclasses import replace

from keeper.venues.synthetix_v3.funding import funding_rate, recomputed
from keeper.venues.synthetix_v3.oracle_node import ConstantSource, price_x18, source_of
from keeper.venues.synthetix_v3.state import Market, SynthetixBook, parameters


def oracle_price(market: Market, book: SynthetixBook) -> int | None:
    """The market's price, 18 decimals; None where it does not come from Pyth alone, or nothing was stored yet that the book knows."""
    params = parameters(book)
    source = source_of(market.configuration.feed_id, params.nodes)
    if source is None:
        return None
    if isinstance(source, ConstantSource):
        return source.price
    newest, exponent = book.prices.get(source.price_id), params.exponents.get(source.price_id)
    return None if newest is None or exponent is None else price_x18(newest.price, exponent)


def recomputed_at_oracle(market: Market, book: SynthetixBook) -> Market:
    """PerpsMarket.recomputeFunding at the oracle's price. Where that is not known the market's last price stands in for it, and the guess
    is counted; at a rate of zero no price matters."""
    now = book.moment.timestamp
    price = oracle_price(market, book)
    if price is not None:
        return recomputed(market, price, now)
    is_exact = now == market.last_funding_time or not (market.last_funding_rate or funding_rate(market, now))
    return replace(recomputed(market, market.price, now), guesses=market.guesses + (not is_exact))
