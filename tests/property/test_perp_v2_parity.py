"""Random trading rebuilt from logs and a few reads per block equals the contracts, for every account, to the last unit."""

import copy
from collections import Counter

import pytest

from contracts.devnet.devnet import Devnet
from keeper.domain.chain import Timestamp
from tests.keeper.venues.perp_v2.ledger import Ledger
from tests.keeper.venues.perp_v2.random_traders import RandomTraders

pytestmark = pytest.mark.fork

_ROUNDS = 110
_WANTED = 180
"""Successful transactions per seed; three seeds make more than 500."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_account_equals_the_contracts_at_every_block(devnet: Devnet, seed: int) -> None:
    """Account value and requirement, at the block's own time and half a minute ahead, after every block of random trading."""
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    traders = RandomTraders.on(devnet, seed)
    ledger.advance()
    kinds: Counter[str] = Counter()
    for round_number in range(_ROUNDS):
        traders.act()
        if round_number % 10 == 5:
            _undone_is_as_before(ledger)
        ledger.advance()
        kinds.update(type(event).__name__ for _, event in ledger.log_events)
        keys = sorted(ledger.book.account_keys())
        ledger.inspect(keys)
        assert ledger.mismatches() == []
        for victim in ledger.breached():
            if traders.random.random() < 0.3:
                traders.liquidate(victim)
        if round_number % 10 == 0:
            assert ledger.head is not None
            ahead = Timestamp(ledger.head.timestamp + 30)
            ledger.refresh(ahead)
            ledger.inspect(keys, ahead)
            assert ledger.mismatches(ahead) == []
    _corrected_growth_changes_nothing(ledger)
    assert traders.succeeded >= _WANTED, kinds
    assert kinds["PositionChanged"] > 50
    assert kinds["LiquidityChanged"] > 10
    assert kinds["Deposited"] > 5
    assert kinds["Withdrawn"] > 5
    assert kinds["PositionLiquidated"] > 5


def _undone_is_as_before(ledger: Ledger) -> None:
    """A reorg: the new blocks applied, read and inspected, then rolled back, leave every journal as it was."""
    assert ledger.head is not None
    head, before = ledger.head, _contents(ledger)
    touched = ledger.advance()
    ledger.inspect(sorted(ledger.book.account_keys()))
    changed = ledger.book.rollback(head.number)
    assert _contents(ledger) == before
    assert touched & ledger.book.account_keys() <= changed
    ledger.head = head


def _contents(ledger: Ledger) -> object:
    book = ledger.book
    return copy.deepcopy((dict(book.accounts), dict(book.markets), dict(book.globals), dict(book.reads), book.moment))


def _corrected_growth_changes_nothing(ledger: Ledger) -> None:
    """What accrued before a market's first trade is told only roughly, alike for everybody: it cancels out. `resync` finds it once."""
    assert ledger.head is not None
    keys = sorted(ledger.book.account_keys())
    ledger.apply(ledger.run(ledger.venue.resync(keys, ledger.book), ledger.head))
    assert ledger.run(ledger.venue.resync(keys, ledger.book), ledger.head) == []
    ledger.refresh()
    assert ledger.mismatches() == []
