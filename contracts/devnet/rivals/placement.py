"""What a rival does before it can start: coin for gas, an executor with its rules and its margin."""

from __future__ import annotations

from collections.abc import Sequence

from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Deployment
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import Principals, place_executor
from contracts.devnet.mining import everyone_unlocked
from contracts.devnet.rivals.rival import Rival, key_of

_COIN_WEI = 1_000 * 10**18


def place_rivals(devnet: Devnet, names: Sequence[str]) -> Sequence[Rival]:
    """Rivals of these names on a devnet that is mined by hand, as rich as the keeper. Raises DevnetError."""
    with everyone_unlocked(devnet.rpc):
        chain = Chain.at_head(devnet.rpc)
        return [_placed(chain, devnet.deployment, name) for name in names]


def _placed(chain: Chain, deployment: Deployment, name: str) -> Rival:
    key = key_of(name)
    owner = to_checksum_address(keccak(text=f"perp-keeper devnet owner of {name}")[12:])
    principals = Principals(owner, Account.from_key(key).address, owner)
    for account in (principals.owner, principals.operator):
        chain.rpc.call("anvil_setBalance", account, hex(_COIN_WEI))
    placed = place_executor(chain, deployment.core, deployment.usdc, deployment.markets, deployment.collaterals, principals)
    chain.mine(chain.now + 1)
    return Rival(name, key, placed.executor)
