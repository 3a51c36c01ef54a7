"""Everything that can happen, on the real contracts: each event decodes, and the book equals the contracts afterwards."""

import pytest

from contracts.devnet.devnet import Devnet
from keeper.venues.perp_v2.signatures import WITH_EFFECT
from tests.keeper.venues.perp_v2.all_events import emit_all_events, logs_of, one_of_each, recorded
from tests.keeper.venues.perp_v2.ledger import Ledger, options_of

pytestmark = pytest.mark.fork


def test_every_event_happens_and_the_book_is_right_throughout(devnet: Devnet) -> None:
    """Block by block through bankruptcies, changed parameters, a paused and a closed market."""
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    assert ledger.head is not None
    emit_all_events(devnet)
    for number in range(ledger.head.number + 1, ledger.block("latest").number + 1):
        ledger.catch_up(number, number)
        ledger.inspect(sorted(ledger.book.account_keys()))
        assert ledger.mismatches() == []
    happened = one_of_each(options_of(devnet.deployment), logs_of(devnet))
    assert set(happened) == {f"{contract}.{text.partition('(')[0]}" for contract, events in WITH_EFFECT.items() for text, _ in events}
    assert set(happened) == set(recorded())
