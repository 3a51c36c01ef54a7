"""Names and decimals are asked for once, of what lacks them, and are what a refresh would have told."""

from eth_abi.abi import encode

from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2.read_events import CollateralDescribed, MarketNamed
from tests.keeper.venues.perp_v2.books import ADDRESSES, BTC, Desk
from tests.keeper.venues.perp_v2.test_snapshot import Answers, run, word

WBTC = "0x" + "c2" * 20
ANSWERS: Answers = {
    (BTC, "symbol()"): encode(["string"], ["vBTC"]),
    (WBTC, "symbol()"): encode(["string"], ["WBTC"]),
    (WBTC, "decimals()"): word(8),
    (ADDRESSES["collateral_manager"], "getPriceFeedDecimals(address)"): word(18),
}


def _desk() -> Desk:
    """ETH and WETH are described, BTC and WBTC are not."""
    desk = Desk()
    desk.apply(log.PoolAdded(BTC, 10_000, "0x" + "f3" * 20), log.CollateralAdded(WBTC, "0x" + "f4" * 20, 750_000, 100_000, 2**255))
    return desk


def test_only_what_lacks_them_is_asked_about_in_one_batch_and_only_once() -> None:
    desk = _desk()
    events, batches = run(desk.venue.describe(desk.book), ANSWERS)
    assert events == [MarketNamed(BTC, "BTC"), CollateralDescribed(WBTC, "WBTC", 8, 18)]
    assert batches == [4]
    desk.apply(*events)
    assert run(desk.venue.describe(desk.book), ANSWERS) == ([], [])


def test_a_refresh_tells_the_same() -> None:
    desk = _desk()
    described, _ = run(desk.venue.describe(desk.book), ANSWERS)
    refreshed, _ = run(desk.venue.refresh(desk.book, desk.now), ANSWERS)
    assert [event for event in refreshed if isinstance(event, MarketNamed | CollateralDescribed)] == described


def test_a_token_without_a_symbol_goes_by_its_address_and_without_decimals_stays_undescribed() -> None:
    desk = _desk()
    events, _ = run(desk.venue.describe(desk.book), {})
    assert events == [MarketNamed(BTC, BTC)]
