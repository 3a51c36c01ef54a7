"""Compiled contracts: the protocol's from npm, ours from the committed `contracts/abi`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

_CONTRACTS = Path(__file__).resolve().parents[1]
Origin = Literal["curie", "oracle", "uniswap", "keeper", "devnet"]
_NPM = {
    "curie": "@perp/curie-contract",
    "oracle": "@perp/perp-oracle-contract",
    "uniswap": "@uniswap/v3-core",
}


class ArtifactMissing(RuntimeError):
    """A compiled contract is not installed; the message says how to get it."""


def bytecode(origin: Origin, contract: str) -> str:
    """Creation code of a contract as 0x-hex. Raises ArtifactMissing."""
    path = _path(origin, contract)
    if not path.is_file():
        raise ArtifactMissing(f"{contract} is not at {path}: run `npm ci --prefix contracts`")
    code: str = json.loads(path.read_text())["bytecode"]
    return code


def _path(origin: Origin, contract: str) -> Path:
    if origin in _NPM:
        package = _CONTRACTS / "node_modules" / _NPM[origin]
        return package / "artifacts" / "contracts" / f"{contract}.sol" / f"{contract}.json"
    return _CONTRACTS / "abi" / origin / f"{contract}.json"
