"""What people are told, beside what the contracts say."""

import pytest

from tests.contract.chain import Chain

pytestmark = pytest.mark.fork

_SEED = 5
_STEPS = 25
_ROUNDING_X18 = 10**12
"""Of a settlement token with 6 decimals."""


def test_every_term_of_an_explanation_that_the_contract_tells_equals_it(chain: Chain, request: pytest.FixtureRequest) -> None:
    """Of everybody's margin, after random trading."""
    node = request.getfixturevalue(chain.fixture)
    ledger, count = chain.ledger(node), 0
    with chain.walk(node, _SEED) as walk:
        for _ in range(_STEPS):
            walk.step()
        ledger.advance()
        assert ledger.head is not None
        keys, now = sorted(ledger.book.account_keys()), ledger.head.timestamp
        ledger.inspect(keys)
        for key in keys:
            explanation = ledger.run(ledger.venue.explain(key, ledger.book, now), ledger.head)
            terms = [term for term in explanation.terms if term.chain is not None]
            assert [term for term in terms if term.chain != term.local] == []
            count += len(terms)
    assert count >= len(keys) > 3


def test_a_position_belongs_to_a_market_that_is_told(chain: Chain, request: pytest.FixtureRequest) -> None:
    """Of the same name, and at the same price; every market with a price is among the names."""
    node = request.getfixturevalue(chain.fixture)
    ledger, count = chain.ledger(node), 0
    with chain.walk(node, _SEED) as walk:
        for _ in range(_STEPS):
            walk.step()
        ledger.advance()
        assert ledger.head is not None
        venue, book, now = ledger.venue, ledger.book, ledger.head.timestamp
        ledger.inspect(sorted(book.account_keys()))
        prices = {market.market: market.mark_price_x18 for market in venue.markets(book, now)}
        assert prices.keys() <= set(venue.market_names(book))
        for key in book.account_keys():
            for position in venue.positions(key, book, now):
                assert (position.account, prices[position.market]) == (key, position.mark_price_x18)
                count += 1
    assert count > 3


def test_risk_factors_add_up_to_the_slack(chain: Chain, request: pytest.FixtureRequest) -> None:
    """Equity less requirement, of everybody; what is missing is the protocol's last rounding."""
    node = request.getfixturevalue(chain.fixture)
    ledger, count = chain.ledger(node), 0
    with chain.walk(node, _SEED) as walk:
        for _ in range(_STEPS):
            walk.step()
        ledger.advance()
        assert ledger.head is not None
        venue, book, now = ledger.venue, ledger.book, ledger.head.timestamp
        ledger.inspect(sorted(book.account_keys()))
        for key in book.account_keys():
            factors = venue.risk_factors(key, book, now)
            health = venue.health(key, book, now)
            assert abs(sum(one.value_x18 for one in factors) - (health.equity.raw - health.requirement.raw)) <= _ROUNDING_X18
            count += len(factors)
    assert count > 3
