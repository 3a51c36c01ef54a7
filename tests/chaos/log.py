"""A log of the chain, and its place there."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak


def topic_of(signature: str) -> str:
    """An event's first topic, 0x-hex."""
    return "0x" + keccak(text=signature).hex()


@dataclass(frozen=True, slots=True)
class Log:
    """A log of one of the venue's contracts. `topics` as 0x-hex, at least one."""

    block: int
    block_hash: str
    index: int
    transaction: str
    topics: tuple[str, ...]

    @property
    def topic(self) -> str:
        """Which event it is."""
        return self.topics[0]
