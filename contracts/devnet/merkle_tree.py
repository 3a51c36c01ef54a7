"""The Merkle tree over the messages of a Pyth slot: keccak cut to 20 bytes, leaves and nodes told apart by a prefix."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

_LEAF, _NODE, _EMPTY_LEAF = b"\0", b"\1", b"\2"
_HASH_BYTES = 20


class MerkleTree:
    """Of at least one message; filled up with empty leaves to a power of two, as Pyth's MerkleTree.sol does it."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        width = 1 << (len(messages) - 1).bit_length()
        leaves = [_hash(_LEAF + message) for message in messages] + [_hash(_EMPTY_LEAF)] * (width - len(messages))
        self._levels = [leaves]
        while len(leaves) > 1:
            leaves = [_node(*leaves[place : place + 2]) for place in range(0, len(leaves), 2)]
            self._levels.append(leaves)

    @property
    def root(self) -> bytes:
        """20 bytes."""
        return self._levels[-1][0]

    def proof(self, place: int) -> list[bytes]:
        """The siblings on the way from the message at `place` to the root, 20 bytes each."""
        return [level[(place >> height) ^ 1] for height, level in enumerate(self._levels[:-1])]


def _node(left: bytes, right: bytes) -> bytes:
    return _hash(_NODE + min(left, right) + max(left, right))


def _hash(text: bytes) -> bytes:
    return keccak(text)[:_HASH_BYTES]
