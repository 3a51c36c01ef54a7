"""The margin test against the contracts' own view, to the last unit."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from keeper.domain.chain import Timestamp
from keeper.domain.venue import Venue
from tests.contract.chain import Chain
from tests.contract.recording import Recording
from tests.keeper.venues.ledger import VenueLedger, criteria

pytestmark = pytest.mark.fork

_ROUNDS = 110
_AHEAD_SECONDS = 30
_LIQUIDATED_SHARE = 0.3


def test_health_is_the_chains_at_every_block_in_which_something_happens(
    venue: Venue, recording: Recording, chain: Chain, request: pytest.FixtureRequest
) -> None:
    """Margins to the last unit, or the verdict where the contracts tell no margins. Pinned states: block by block through every event there
    is, each of which happens."""
    node = request.getfixturevalue(chain.fixture)
    ledger = chain.ledger(node)
    assert ledger.head is not None
    chain.every_event(node)
    for number in range(ledger.head.number + 1, ledger.block("latest").number + 1):
        ledger.catch_up(number, number)
        ledger.inspect(sorted(ledger.book.account_keys()))
        assert ledger.mismatches() == []
    assert _topics(ledger) >= {log.topics[0] for log in recording.logs.values()}


def _topics(ledger: VenueLedger[Any]) -> set[bytes]:
    """Of all logs the venue asks for."""
    blocks = {"fromBlock": "0x0", "toBlock": "latest"}
    logs = (log for one in ledger.venue.filters() for log in ledger.rpc.call("eth_getLogs", criteria(one, blocks)))
    return {bytes.fromhex(log["topics"][0].removeprefix("0x")) for log in logs}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_health_is_the_chains_after_random_trading(chain: Chain, request: pytest.FixtureRequest, seed: int) -> None:
    """The same in random states: everybody, at every block's own time and half a minute ahead, with liquidations among them."""
    node = request.getfixturevalue(chain.fixture)
    ledger, random = chain.ledger(node), Random(seed)
    before = Counter(ledger.kinds)
    with chain.walk(node, seed) as walk:
        for number in range(_ROUNDS):
            walk.step()
            ledger.advance()
            keys = sorted(ledger.book.account_keys())
            ledger.inspect(keys)
            assert ledger.mismatches() == []
            for key in ledger.breached():
                if random.random() < _LIQUIDATED_SHARE:
                    walk.liquidate(key)
            if number % 10 == 0:
                assert ledger.head is not None
                ahead = Timestamp(ledger.head.timestamp + _AHEAD_SECONDS)
                ledger.refresh(ahead)
                ledger.inspect(keys, ahead)
                assert ledger.mismatches(ahead) == []
    assert ledger.kinds - before >= Counter(chain.walk_events)
    _resync_changes_nothing(ledger)


def _resync_changes_nothing(ledger: VenueLedger[Any]) -> None:
    """What events tell only approximately is corrected once; health is the chain's before and after."""
    assert ledger.head is not None
    keys = sorted(ledger.book.account_keys())
    ledger.apply(ledger.run(ledger.venue.resync(keys, ledger.book), ledger.head))
    assert not ledger.run(ledger.venue.resync(keys, ledger.book), ledger.head)
    ledger.refresh()
    ledger.inspect(keys)
    assert ledger.mismatches() == []
