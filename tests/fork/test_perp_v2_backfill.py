"""A book built from history alone, over a market that was paused and closed: equal to the contracts once it is resynced."""

import pytest

from contracts.devnet.devnet import Devnet
from keeper.domain.fixed import X18
from tests.keeper.venues.perp_v2.crowd import MAX, Crowd
from tests.keeper.venues.perp_v2.ledger import Ledger

pytestmark = pytest.mark.fork

_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("settled", [(), (0,), (0, 1), (1,)])
def test_a_pause_that_the_backfill_did_not_see(devnet: Devnet, closes: bool, settled: tuple[int, ...]) -> None:
    """Traders who settle after the pause count funding up to it, whatever the time of their block."""
    crowd = Crowd.on(devnet, seed=1, people=3)
    core, owner, eth = devnet.deployment.core, devnet.deployment.owner, devnet.deployment.market("ETH")
    for person in crowd.people:
        crowd.send(person, core.clearing_house, _OPEN, (eth.base, True, False, 5_000 * X18, MAX, MAX, 0, bytes(32)))
    crowd.mine(4_000)
    crowd.move_index(eth, 500)
    crowd.mine(4_000)
    crowd.send(owner, eth.base, "pause()")
    crowd.mine(4_000)
    for index in settled:
        crowd.send(crowd.people[index], core.vault, "withdraw(address,uint256)", devnet.deployment.usdc, 1)
        crowd.mine(600)
    if closes:
        crowd.send(owner, eth.base, "close(uint256)", 2_400 * X18)
        crowd.mine(4_000)
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    assert ledger.head is not None
    keys = sorted(ledger.book.account_keys())
    ledger.apply(ledger.run(ledger.venue.resync(keys, ledger.book), ledger.head))
    ledger.refresh()
    ledger.inspect(keys)
    assert ledger.mismatches() == []
