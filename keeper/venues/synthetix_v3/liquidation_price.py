"""The index price at which an account becomes liquidatable while everything else, time too, stands still, but for synths among its
collateral that are priced by the same feed."""

from collections.abc import Callable
from dataclasses import replace

from keeper.domain.chain import Timestamp
from keeper.venues.synthetix_v3.funding import next_funding
from keeper.venues.synthetix_v3.margin import margin_with
from keeper.venues.synthetix_v3.oracle_node import source_of
from keeper.venues.synthetix_v3.state import Account, ChainReads, MarketReads, SynthetixBook, parameters, reads_at

_DOUBLINGS = 20
"""A price a million times as high, or a millionth, is no liquidation price."""
_STEPS = 60
_PRECISION = 10**10
_SLOPE = 1_000
"""A thousandth of the price tells which way the slack goes."""


def liquidation_price(account: Account, market_id: str, book: SynthetixBook, now: Timestamp) -> int | None:
    """X18, exact to 1e-10; None where no price does it, or the account's funding is not known. Funding that is due follows the price."""
    reads = reads_at(book, now)
    if any(one.guesses != book.markets[name].guesses for name, one in account.positions.items()):
        return None

    def slack(price: int) -> int | None:
        margin = margin_with(account, book, _reads_with(market_id, price, account, book, now), now)
        return None if margin is None else margin.available - margin.maintenance - margin.reward

    price = reads.markets[market_id].price
    present = slack(price)
    if present is None:
        return None

    def slack_at(price: int) -> int:
        return slack(price) or 0

    # Who gains by a rise dies by a fall, or, breached, would be healed by a rise. A synth can outweigh a short.
    is_below = (slack_at(price + price // _SLOPE) >= present) == (present >= 0)
    far = price >> _DOUBLINGS if is_below else _first_change(slack_at, price, present)
    if far is None or (slack_at(far) < 0) == (present < 0):
        return None
    return _root(slack_at, far, price)


def _reads_with(market_id: str, price: int, account: Account, book: SynthetixBook, now: Timestamp) -> ChainReads:
    """The reads with another price of the market, and of the account's synths that follow the same feed."""
    reads, configured, market = reads_at(book, now), parameters(book), book.markets[market_id]
    source, present = source_of(market.configuration.feed_id, configured.nodes), reads.markets[market_id].price
    synths = {
        name: replace(synth, price=synth.price * price // present)
        for name, synth in reads.collaterals.items()
        if name in account.collateral and source is not None and source_of(configured.collaterals[name].feed_id, configured.nodes) == source
    }
    market_reads = MarketReads(price, next_funding(market, price, now))
    return replace(reads, markets={**reads.markets, market_id: market_reads}, collaterals={**reads.collaterals, **synths})


def _first_change(slack: Callable[[int], int], price: int, present: int) -> int | None:
    """The first doubling of the price at which the slack has the other sign."""
    prices = (price << doubling for doubling in range(1, _DOUBLINGS + 1))
    return next((one for one in prices if (slack(one) < 0) != (present < 0)), None)


def _root(slack: Callable[[int], int], far: int, near: int) -> int:
    """Where the slack changes sign between both ends (regula falsi, Illinois: Dowell and Jarratt 1971)."""
    far_slack, near_slack = slack(far), slack(near)
    for _ in range(_STEPS):
        if near_slack == far_slack:
            break
        price = near - near_slack * (near - far) // (near_slack - far_slack)
        step, price_slack = abs(price - near), slack(price)
        if (price_slack < 0) != (near_slack < 0):
            far, far_slack = near, near_slack
        else:
            far_slack //= 2
        near, near_slack = price, price_slack
        if step <= near // _PRECISION:
            break
    return near
