"""The contracts an owner deploys, compiled and shipped with this program (abi/*.json of a package, made by contracts/extract_abis.py)."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from eth_abi.abi import encode


def creation_code(package: str, contract: str, arguments: Sequence[tuple[str, object]]) -> bytes:
    """Creation code of a contract that `package` ships, with its constructor's arguments as (ABI type, value) behind it."""
    artifact: dict[str, Any] = json.loads(files(package).joinpath("abi", f"{contract}.json").read_text())
    code: str = artifact["bytecode"]
    return bytes.fromhex(code.removeprefix("0x")) + encode([kind for kind, _ in arguments], [value for _, value in arguments])
