"""The root of a Merkle Patricia trie over a list (Ethereum yellow paper, appendix D), as headers commit to their receipts with it. Pure."""

from collections.abc import Sequence
from typing import TypeAlias

from eth_utils.crypto import keccak

from keeper.chain import rlp

_Item: TypeAlias = tuple[tuple[int, ...], bytes]
"""A key's nibbles and its value."""
_HASHED_FROM = 32
_LEAF, _EXTENSION = 2, 0
EMPTY_ROOT = keccak(rlp.encode(b""))
"""The root of a trie without entries."""


def ordered_root(values: Sequence[bytes]) -> bytes:
    """The root of the trie that maps the RLP of each place in the list to the (non-empty) value there; 32 bytes."""
    if not values:
        return EMPTY_ROOT
    items = [(_nibbles(rlp.encode(rlp.integer(place))), value) for place, value in enumerate(values)]
    return keccak(rlp.encode(_node(sorted(items), 0)))


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _node(items: Sequence[_Item], depth: int) -> rlp.Item:
    """The node of sorted `items`, which share their first `depth` nibbles."""
    first, last = items[0][0], items[-1][0]
    if len(items) == 1:
        return [_path(first[depth:], _LEAF), items[0][1]]
    branch_depth = depth
    while first[branch_depth] == last[branch_depth]:
        branch_depth += 1
    if branch_depth > depth:
        return [_path(first[depth:branch_depth], _EXTENSION), _reference(_node(items, branch_depth))]
    branches: list[list[_Item]] = [[] for _ in range(16)]
    for item in items:
        branches[item[0][depth]].append(item)
    # No key of a list is the beginning of another, so a branch has no value of its own.
    return [*(_reference(_node(branch, depth + 1)) if branch else b"" for branch in branches), b""]


def _reference(node: rlp.Item) -> rlp.Item:
    """How a parent holds a node: as it is when its RLP is shorter than a hash."""
    encoded = rlp.encode(node)
    return node if len(encoded) < _HASHED_FROM else keccak(encoded)


def _path(nibbles: tuple[int, ...], kind: int) -> bytes:
    """Hex-prefix encoding: a kind, whether the number of nibbles is odd, and the nibbles."""
    odd = len(nibbles) % 2
    padded_nibbles = (kind + odd, *nibbles) if odd else (kind, 0, *nibbles)
    return bytes(16 * high + low for high, low in zip(padded_nibbles[::2], padded_nibbles[1::2], strict=True))
