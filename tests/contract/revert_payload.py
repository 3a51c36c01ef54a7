"""Revert payloads as Solidity writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contract.contract_abi import signature_of

_ERROR = "Error(string)"


def error_string(text: str) -> bytes:
    """Of `require(…, text)`."""
    return keccak(text=_ERROR)[:4] + encode(["string"], [text])


def custom_errors(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Mapping[str, bytes]:
    """Of the errors of an ABI with these names, all arguments zero; an error with several signatures counts once. Raises KeyError for a
    name the ABI lacks."""
    errors = {entry["name"]: entry for entry in entries if entry["type"] == "error"}
    return {name: _payload(errors[name]) for name in names}


def _payload(error: Mapping[str, Any]) -> bytes:
    kinds = [item["type"] for item in error["inputs"]]
    return keccak(text=signature_of(error))[:4] + encode(kinds, [_zero(kind) for kind in kinds])


def _zero(kind: str) -> Any:
    if kind.endswith("[]"):
        return []
    if kind == "string":
        return ""
    if kind == "address":
        return "0x" + "00" * 20
    return b"" if kind.startswith("bytes") else 0
