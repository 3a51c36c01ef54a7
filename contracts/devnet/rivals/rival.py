"""Who competes: a name, a key, and an executor."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

REACTING, FRONT_RUNNING, SNIPING = "reacting", "front_running", "sniping"
NAMES = (REACTING, FRONT_RUNNING, SNIPING)
TIP_WEI = 1_000_000
"""0.001 gwei: the keeper's own tip by default, so that with it nobody pays for the better place."""


@dataclass(frozen=True, slots=True)
class Rival:
    """`key` follows from the name, as everything on a devnet is published; `executor` is a KeeperExecutor of its own."""

    name: str
    key: str
    executor: str


def key_of(name: str) -> str:
    """The key of the rival of that name."""
    return "0x" + keccak(text=f"perp-keeper devnet rival {name}").hex()
