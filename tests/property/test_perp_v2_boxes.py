"""The accounts found through watch boxes are those found by evaluating everybody, at every block of random prices and trading."""

from dataclasses import dataclass, field

import pytest

from contracts.devnet.devnet import Devnet
from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.watchlist import Watchlist
from tests.keeper.venues.perp_v2.ledger import Ledger
from tests.keeper.venues.perp_v2.random_traders import RandomTraders

pytestmark = pytest.mark.fork

_ROUNDS = 110


@dataclass(slots=True)
class Watcher:
    """Evaluates only who is due: touched, breached before, or outside of its box."""

    ledger: Ledger
    watchlist: Watchlist = field(default_factory=Watchlist)
    due: set[AccountKey] = field(default_factory=set)
    evaluations: int = 0

    def look(self, moments: tuple[Timestamp, ...]) -> set[AccountKey]:
        """Who is breached at any of these times. The boxes of healthy accounts are drawn at the first."""
        venue, book = self.ledger.venue, self.ledger.book
        for at in moments:
            self.due |= self.watchlist.leave(venue.feeds(book, at), at)
        due, self.due = self.due & book.account_keys(), set()
        for at in moments:
            self.ledger.inspect(sorted(due), at)
        breached: set[AccountKey] = set()
        for key in due:
            self.evaluations += 1
            if any(venue.health(key, book, at).liquidatable for at in moments):
                breached.add(key)
                self.watchlist.remove(key)
            else:
                self.watchlist.watch(key, venue.watch_box(key, book, moments[0]))
        self.due |= breached
        return breached


@pytest.mark.parametrize("seed", [11, 12])
def test_nobody_is_missed(devnet: Devnet, seed: int) -> None:
    """With liquidations, bad debt, makers and collateral among them; at the block's time and 12 s ahead."""
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    traders = RandomTraders.on(devnet, seed)
    watcher = Watcher(ledger, due=set(ledger.book.account_keys()))
    everybody = found_in_all = 0
    for _ in range(_ROUNDS):
        assert ledger.head is not None
        watcher.due |= ledger.advance()
        now = ledger.head.timestamp
        ahead = Timestamp(now + 12)
        ledger.refresh(ahead)
        found = watcher.look((now, ahead))
        for at in (now, ahead):
            ledger.inspect(sorted(ledger.book.account_keys()), at)
        assert found == {*ledger.breached(now), *ledger.breached(ahead)}
        everybody += len(ledger.book.account_keys())
        found_in_all += len(found)
        for victim in sorted(found):
            if traders.random.random() < 0.2:
                traders.liquidate(victim)
        traders.act()
    assert found_in_all > 20
    assert watcher.evaluations < everybody / 2
