"""What a venue says it takes to act on it, beside what it asks for."""

import pytest

from keeper.domain.chain import Address
from keeper.domain.money import Usd18
from tests.contract.chain import Chain

pytestmark = pytest.mark.fork

_EXECUTOR = Address("0x" + "ee" * 20)


def test_capabilities_are_what_it_asks_for(chain: Chain, request: pytest.FixtureRequest) -> None:
    """Margin is paid in and out where plans need capital, and signed prices are wanted where they are pulled; nowhere else."""
    ledger = chain.ledger(request.getfixturevalue(chain.fixture))
    venue, book = ledger.venue, ledger.book
    amount = Usd18.of_units(1)
    assert bool(venue.pay_in(book, _EXECUTOR, amount)) == bool(venue.pay_out(book, amount)) == venue.capabilities.needs_capital
    assert bool(venue.quotes(book)) == venue.capabilities.pull_oracle
