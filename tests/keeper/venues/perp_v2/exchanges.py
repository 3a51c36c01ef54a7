"""The exchanges of a devnet's executor, as the keeper knows them."""

from collections.abc import Sequence

from contracts.devnet.deployment import Deployment
from keeper.domain import exchange
from keeper.domain.exchange import Exchange
from keeper.domain.parse import address
from keeper.domain.permission import CallRule
from tests.keeper.venues.perp_v2.ledger import Ledger


def exchanges_of(ledger: Ledger, deployment: Deployment) -> Sequence[Exchange]:
    """By their own word."""
    answers = [ledger.run(exchange.terms(address(item.exchange)), ledger.block("latest")) for item in deployment.spot_pools]
    assert None not in answers
    return [answer for answer in answers if answer is not None]


def rules_of(ledger: Ledger, deployment: Deployment) -> Sequence[CallRule]:
    """All that the executor is to be allowed."""
    own = exchange.rules(exchanges_of(ledger, deployment), ledger.venue.tokens(ledger.book)[1:])
    return (*ledger.venue.rules(ledger.book), *own)
