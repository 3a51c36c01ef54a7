"""A position before it exists: what its opening would log, in a block of the book that is undone."""

from typing import Any

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.fixed import X18
from keeper.domain.opening import NoOpening
from keeper.domain.venue import Event
from tests.contract.chain import Chain
from tests.contract.contents import contents_of
from tests.keeper.venues.ledger import VenueLedger

pytestmark = pytest.mark.fork

_SEED = 7
_STEPS = 5
_SIZE_X18 = X18 // 100
_AMPLE_X18 = 10**6 * X18
_PAYABLE_X18 = 10**12
"""The unit of a settlement token with 6 decimals."""


def _opening(ledger: VenueLedger[Any], market: str, margin_x18: int) -> list[Event] | NoOpening:
    assert ledger.head is not None
    reads = ledger.venue.opening(market, _SIZE_X18, margin_x18, ledger.book, ledger.head.timestamp)
    answer = ledger.run(reads, ledger.head)
    return answer if isinstance(answer, NoOpening) else list(answer)


def _opened(ledger: VenueLedger[Any], opening: list[Event]) -> tuple[AccountKey, int]:
    """The newcomer, and the size of his position; the book is left with both."""
    assert ledger.head is not None
    venue, book, now = ledger.venue, ledger.book, ledger.head.timestamp
    before = set(book.account_keys())
    book.open_block(ledger.head.number + 1, now)
    for event in opening:
        venue.apply(event, book)
    ledger.refresh()
    (key,) = book.account_keys() - before
    ledger.inspect([key])
    (position,) = venue.positions(key, book, now)
    return key, position.size_x18


def test_an_opening_is_the_position_asked_for_and_is_undone(chain: Chain, request: pytest.FixtureRequest) -> None:
    """In every market, by a newcomer, who is healthy: with ample margin, and with the least that a refusal asks for."""
    node = request.getfixturevalue(chain.fixture)
    ledger = chain.ledger(node)
    with chain.walk(node, _SEED) as walk:
        for _ in range(_STEPS):
            walk.step()
        ledger.advance()
        assert ledger.head is not None
        for market in ledger.venue.market_names(ledger.book):
            refusal = _opening(ledger, market, 0)
            assert isinstance(refusal, NoOpening)
            assert refusal.required_x18 is not None
            for margin_x18 in (_AMPLE_X18, -(-refusal.required_x18 // _PAYABLE_X18) * _PAYABLE_X18):
                before = contents_of(ledger.book)
                opening = _opening(ledger, market, margin_x18)
                assert not isinstance(opening, NoOpening), opening
                key, size_x18 = _opened(ledger, opening)
                assert size_x18 == _SIZE_X18
                assert not ledger.venue.health(key, ledger.book, ledger.head.timestamp).liquidatable
                ledger.book.rollback(ledger.head.number)
                assert contents_of(ledger.book) == before
