"""A book built from history alone, over a market that was paused and closed: equal to the contracts once it is resynced."""

import pytest

from contracts.devnet.devnet import Devnet
from keeper.domain.fixed import X18
from tests.keeper.venues.perp_v2.ledger import Ledger
from tests.keeper.venues.perp_v2.random_traders import MAX, RandomTraders

pytestmark = pytest.mark.fork

_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("settled", [(), (0,), (0, 1), (1,)])
def test_a_pause_that_the_backfill_did_not_see(devnet: Devnet, closes: bool, settled: tuple[int, ...]) -> None:
    """Traders who settle after the pause count funding up to it, whatever the time of their block."""
    traders = RandomTraders.on(devnet, seed=1, people=3)
    core, owner, eth = devnet.deployment.core, devnet.deployment.owner, devnet.deployment.market("ETH")
    for person in traders.people:
        traders.send(person, core.clearing_house, _OPEN, (eth.base, True, False, 5_000 * X18, MAX, MAX, 0, bytes(32)))
    traders.mine(4_000)
    traders.move_index(eth, 500)
    traders.mine(4_000)
    traders.send(owner, eth.base, "pause()")
    traders.mine(4_000)
    for index in settled:
        traders.send(traders.people[index], core.vault, "withdraw(address,uint256)", devnet.deployment.usdc, 1)
        traders.mine(600)
    if closes:
        traders.send(owner, eth.base, "close(uint256)", 2_400 * X18)
        traders.mine(4_000)
    ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
    assert ledger.head is not None
    keys = sorted(ledger.book.account_keys())
    ledger.apply(ledger.run(ledger.venue.resync(keys, ledger.book), ledger.head))
    ledger.refresh()
    ledger.inspect(keys)
    assert ledger.mismatches() == []
