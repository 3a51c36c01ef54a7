"""Calldata and return values from a Solidity signature."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak


def calldata(signature: str, *arguments: object) -> str:
    """Hex calldata of e.g. `deposit(address,uint256)` with its arguments; tuples are given as Python tuples."""
    selector, types = _parse(signature)
    return "0x" + (selector + encode(types, arguments)).hex()


def constructor(bytecode: str, types: tuple[str, ...], *arguments: object) -> str:
    """Hex creation code with its constructor arguments behind it."""
    return bytecode + encode(types, arguments).hex()


def returned(types: tuple[str, ...], result: str) -> tuple[Any, ...]:
    """The decoded return values of an eth_call."""
    return tuple(decode(types, bytes.fromhex(result[2:])))


@cache
def _parse(signature: str) -> tuple[bytes, tuple[str, ...]]:
    inner = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4], _split(inner)


def _split(types: str) -> tuple[str, ...]:
    """Splits at the commas that are outside of tuples."""
    parts: list[str] = []
    depth = 0
    for piece in types.split(",") if types else ():
        if depth:
            parts[-1] += "," + piece
        else:
            parts.append(piece)
        depth += piece.count("(") - piece.count(")")
    return tuple(parts)
