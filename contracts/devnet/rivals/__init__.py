"""Other liquidators of Perp V2: each a fixed, simple script in a process of its own, with the same contract and the same margin as the keeper.

python -m contracts.devnet.rivals reacting --rpc http://127.0.0.1:8545 --deployment var/devnet/deployment.json --key 0x… --executor 0x…
"""

from contracts.devnet.rivals.placement import place_rivals
from contracts.devnet.rivals.rival import NAMES, Rival

__all__ = ["NAMES", "Rival", "place_rivals"]
