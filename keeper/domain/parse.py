"""From wire text to the domain's own types, strictly."""

import re

from keeper.domain.chain import Address, Hash32

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_ACCOUNT = re.compile(r"0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})|0|[1-9][0-9]*")


def address(text: str) -> Address:
    """Lower-case address. Raises ValueError for anything that is not 20 bytes of hex."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"not an address: {text[:80]!r}")
    return Address(text.lower())


def account(text: str) -> str:
    """An account's key as some venue writes it: an address, 32 bytes of hex, or a decimal number. Raises ValueError otherwise."""
    if not _ACCOUNT.fullmatch(text):
        raise ValueError(f"not an account: {text[:80]!r}")
    return text.lower()


def hash32(text: str) -> Hash32:
    """Lower-case 32-byte hash. Raises ValueError otherwise."""
    if not _HASH.fullmatch(text):
        raise ValueError(f"not a 32-byte hash: {text[:80]!r}")
    return Hash32(text.lower())


def address_of_word(word: bytes) -> Address:
    """The address in the low 20 bytes of a 32-byte word (indexed topics, ABI words)."""
    return Address("0x" + word[-20:].hex())


def quantity(text: str) -> int:
    """A JSON-RPC quantity ("0x1b4"), at most 256 bits. Raises ValueError otherwise."""
    if not _QUANTITY.fullmatch(text):
        raise ValueError(f"not a hex quantity: {text[:80]!r}")
    return int(text, 16)


def hex_bytes(text: str) -> bytes:
    """JSON-RPC data ("0x" followed by an even number of digits). Raises ValueError otherwise."""
    if not text.startswith("0x"):
        raise ValueError(f"not hex data: {text[:80]!r}")
    return bytes.fromhex(text[2:])
