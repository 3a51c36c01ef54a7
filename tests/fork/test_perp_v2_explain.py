"""Every figure of a margin computation beside the contract's own, for everybody, in the middle of a fall."""

import pytest

from contracts.devnet.devnet import Devnet
from contracts.devnet.market import MarketDriver
from keeper.domain.account import AccountKey
from tests.keeper.venues.perp_v2.ledger import Ledger

pytestmark = pytest.mark.fork


def test_every_term_equals_the_contracts(devnet: Devnet) -> None:
    """Takers, makers and owners of collateral; nobody lacks the two figures that decide."""
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.move("ETH", devnet.deployment.market("ETH").start_price_8 * 93 // 100)
    ledger.advance()
    assert ledger.head is not None
    compared: set[str] = set()
    for key in sorted(ledger.book.account_keys()):
        ledger.inspect([key])
        explanation = ledger.run(ledger.venue.explain(key, ledger.book, ledger.head.timestamp), ledger.head)
        wrong = [term for term in explanation.terms if term.chain is not None and term.chain != term.local]
        assert wrong == []
        names = {term.name for term in explanation.terms if term.chain is not None}
        assert {"account value", "margin requirement"} <= names
        compared |= names
    assert {"ETH price", "ETH total size", "BTC pending funding", "WETH collateral", "collateral liquidatable"} <= compared


def test_a_stranger_has_nothing(devnet: Devnet) -> None:
    """No account, no terms but zero balances."""
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    assert ledger.head is not None
    stranger = AccountKey("0x" + "5a" * 20)
    explanation = ledger.run(ledger.venue.explain(stranger, ledger.book, ledger.head.timestamp), ledger.head)
    assert [(term.local, term.chain) for term in explanation.terms] == [(0, 0), (0, 0)]


def test_boxes_and_views_name_the_same_market(devnet: Devnet) -> None:
    """Market views carry the mark the contract tells, and open interest that is the sum of the takers' sizes."""
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    assert ledger.head is not None
    views = {view.market: view for view in ledger.venue.markets(ledger.book, ledger.head.timestamp)}
    assert set(views) == {"ETH", "BTC"}
    for market in devnet.deployment.markets:
        sizes = [
            account.positions[market.base.lower()].size
            for account in ledger.book.accounts.values()
            if market.base.lower() in account.positions
        ]
        assert views[market.name].open_interest_long_x18 == sum(size for size in sizes if size > 0)
        assert views[market.name].open_interest_short_x18 == -sum(size for size in sizes if size < 0)
