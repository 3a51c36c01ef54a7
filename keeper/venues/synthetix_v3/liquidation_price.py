"""The index price at which an account becomes liquidatable while everything else, time too, stands still."""

from collections.abc import Callable
from dataclasses import replace

from keeper.domain.chain import Timestamp
from keeper.venues.synthetix_v3.funding import next_funding
from keeper.venues.synthetix_v3.margin import margin_with
from keeper.venues.synthetix_v3.state import Account, MarketReads, SynthetixBook, reads_at

_DOUBLINGS = 20
"""A price a million times as high is no liquidation price."""
_STEPS = 60
_PRECISION = 10**10


def liquidation_price(account: Account, market_id: str, book: SynthetixBook, now: Timestamp) -> int | None:
    """X18, exact to 1e-10; None where no price does it, or the account's funding is not known. Funding that is due follows the price."""
    position, market, reads = account.positions[market_id], book.markets[market_id], reads_at(book, now)
    if any(one.guesses != book.markets[name].guesses for name, one in account.positions.items()):
        return None

    def slack(price: int) -> int | None:
        markets = {**reads.markets, market_id: MarketReads(price, next_funding(market, price, now))}
        margin = margin_with(account, book, replace(reads, markets=markets), now)
        return None if margin is None else margin.available - margin.maintenance - margin.reward

    price = reads.markets[market_id].price
    present = slack(price)
    if present is None:
        return None

    def slack_at(price: int) -> int:
        return slack(price) or 0

    # A healthy long dies by a fall, a breached one would be healed by a rise.
    is_below = (position.size > 0) == (present >= 0)
    far = 0 if is_below else _first_change(slack_at, price, present)
    if far is None or (slack_at(far) < 0) == (present < 0):
        return None
    return _root(slack_at, far, price)


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
