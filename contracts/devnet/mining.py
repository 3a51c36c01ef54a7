"""Taking over a node's block production and its accounts for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contracts.devnet.rpc import Rpc


@contextmanager
def manual_mining(rpc: Rpc) -> Iterator[None]:
    """Nothing is mined but by evm_mine; mining on each transaction comes back on leaving, if it was on."""
    automatic = rpc.call("anvil_getAutomine")
    rpc.call("evm_setAutomine", False)
    try:
        yield
    finally:
        rpc.call("evm_setAutomine", automatic)


@contextmanager
def everyone_unlocked(rpc: Rpc) -> Iterator[None]:
    """Any account may send by eth_sendTransaction."""
    rpc.call("anvil_autoImpersonateAccount", True)
    try:
        yield
    finally:
        rpc.call("anvil_autoImpersonateAccount", False)
