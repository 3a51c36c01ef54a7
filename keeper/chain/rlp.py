"""RLP of what JSON-RPC writes as hex, typed (the library has no types)."""

from collections.abc import Sequence
from typing import TypeAlias

from rlp.codec import encode_raw

from keeper.domain import parse

Item: TypeAlias = "bytes | Sequence[Item]"
"""What RLP encodes: byte strings and lists of them."""


def encode(item: Item) -> bytes:
    """The RLP of an item."""
    encoding: bytes = encode_raw(item)
    return encoding


def octets(text: str) -> bytes:
    """Data of a fixed or any length. Raises ValueError for no hex, TypeError for no text."""
    return bytes.fromhex(text[2:])


def quantity(text: str) -> bytes:
    """A quantity without leading zeros; zero is the empty string. Raises as `octets`."""
    return integer(parse.quantity(text))


def integer(value: int) -> bytes:
    """A number from 0 up, as `quantity`."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
