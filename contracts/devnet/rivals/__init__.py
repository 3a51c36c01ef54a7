"""Other liquidators of Perp V2: each a fixed, simple script in a process of its own, with the keeper's kind of contract and margin.

python -m contracts.devnet.rivals NAME --rpc URL --deployment var/devnet/deployment.json --key 0x… --executor 0x…
"""

from contracts.devnet.rivals.placement import place_rivals
from contracts.devnet.rivals.rival import NAMES, Rival

__all__ = ["NAMES", "Rival", "place_rivals"]
