"""The keeper's own contract on the devnet: deployed, funded, its capital deposited as margin in the venue."""

from __future__ import annotations

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import calldata, constructor
from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Core
from contracts.devnet.roles import KEEPER, OWNER
from contracts.devnet.trading import MAX_UINT

EXECUTE = "execute((address,bytes,bool)[],(address,bytes,int256))"
_WALLET_6 = 1_000_000 * 10**6
"""USDC kept in the executor: collateral liquidations are paid from there, not from the margin."""
_MARGIN_6 = 3_000_000 * 10**6


def place_executor(chain: Chain, core: Core, usdc: str) -> str:
    """Queues creation and funding of a KeeperExecutor owned by the keeper; returns its address."""
    code = constructor(bytecode("keeper", "KeeperExecutor"), ("address",), KEEPER)
    executor = chain.create(KEEPER, code, "KeeperExecutor")
    chain.send(OWNER, usdc, "mint(address,uint256)", executor, _WALLET_6 + _MARGIN_6)
    chain.mine(chain.now + 1)
    chain.send(KEEPER, executor, "approve(address,address,uint256)", usdc, core.vault, MAX_UINT)
    pay_in = calldata("deposit(address,uint256)", usdc, _MARGIN_6)
    chain.send(KEEPER, executor, EXECUTE, [(core.vault, _bytes(pay_in), False)], account_value_guard(core, executor, 0))
    return executor


def account_value_guard(core: Core, executor: str, min_change_6: int) -> tuple[str, bytes, int]:
    """A Guard: the executor's account value in the vault (6 decimals) must rise by at least `min_change_6`."""
    return (core.vault, _bytes(calldata("getAccountValue(address)", executor)), min_change_6)


def _bytes(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal[2:])
