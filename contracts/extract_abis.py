"""Writes the committed ABIs: `python -m contracts.extract_abis`, after `npm ci` in contracts/ and `python -m contracts.devnet.compile`
for both profiles.

Of the venues, only events, functions and errors (what the keeper encodes and decodes). Of our own contracts, the
creation code as well, so that nobody who runs the keeper or the devnet needs a compiler.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from contracts.devnet.synthetix_v3.artifacts import MARKET_MODULES, artifact

_CONTRACTS = Path(__file__).resolve().parent
_ABI = _CONTRACTS / "abi"
_CURIE = (
    "AccountBalance",
    "BaseToken",
    "ClearingHouse",
    "ClearingHouseConfig",
    "CollateralManager",
    "Exchange",
    "InsuranceFund",
    "MarketRegistry",
    "OrderBook",
    "Vault",
)
VENUE = {
    **dict.fromkeys(_CURIE, "@perp/curie-contract"),
    "ChainlinkPriceFeedV3": "@perp/perp-oracle-contract",
    "PriceFeedDispatcher": "@perp/perp-oracle-contract",
    "UniswapV3Pool": "@uniswap/v3-core",
}
SYNTHETIX = {
    "PerpsMarket": (*MARKET_MODULES, "TestAccountModule"),
    "OracleManager": ("NodeModule",),
    "SpotMarket": ("ISpotMarketSystem",),
}
"""Contract to what answers at its address."""
PACKAGED = {
    "KeeperExecutor": "execution",
    "UniswapV3Exchange": "execution",
    "PerpV2Valuer": "venues/perp_v2",
    "SynthetixV3Valuer": "venues/synthetix_v3",
}
"""Deployed by `keeper executor`, which has them as data of its own: the part of the keeper that has it."""
OWN = {
    "KeeperExecutor": "keeper",
    "PerpV2Valuer": "keeper",
    "SynthetixV3Valuer": "keeper",
    "UniswapV3Exchange": "keeper",
    "Multicall": "keeper",
    "TestToken": "devnet",
    "TestAggregator": "devnet",
    "TestGasPriceOracle": "devnet",
    "TestPoolTrader": "devnet",
    "TestPyth": "devnet",
}


def venue_abi(contract: str) -> str:
    """The committed form of a contract of Perp V2: one entry of its ABI per line."""
    package = _CONTRACTS / "node_modules" / VENUE[contract]
    path = package / "artifacts" / "contracts" / f"{contract}.sol" / f"{contract}.json"
    return _listing(json.loads(path.read_text())["abi"])


def synthetix_abi(contract: str) -> str:
    """The committed form of a contract of Synthetix V3: the ABIs of its modules, sorted, what several have once."""
    entries = {_signature(entry): entry for module in SYNTHETIX[contract] for entry in artifact(module).abi}
    return _listing(entry for _, entry in sorted(entries.items()))


def pyth_abi() -> str:
    """The committed form of Pyth's interface."""
    path = _CONTRACTS / "node_modules" / "@pythnetwork" / "pyth-sdk-solidity" / "abis" / "IPyth.json"
    return _listing(json.loads(path.read_text()))


def own_artifact(contract: str) -> str:
    """The committed form of one of our contracts: ABI, creation code, hash of the source."""
    source = (_CONTRACTS / "src" / f"{contract}.sol").read_bytes()
    build = json.loads((_CONTRACTS / "out" / f"{contract}.sol" / f"{contract}.json").read_text())
    fields = {
        "contract": contract,
        "source_sha256": hashlib.sha256(source).hexdigest(),
        "abi": build["abi"],
        "bytecode": build["bytecode"]["object"],
    }
    return _compact(fields) + "\n"


def main() -> None:
    """Writes every file."""
    for contract in VENUE:
        _write(_ABI / "perp_v2" / f"{contract}.json", venue_abi(contract))
    for contract in SYNTHETIX:
        _write(_ABI / "synthetix_v3" / f"{contract}.json", synthetix_abi(contract))
    _write(_ABI / "synthetix_v3" / "Pyth.json", pyth_abi())
    for contract, folder in OWN.items():
        _write(_ABI / folder / f"{contract}.json", own_artifact(contract))
    for contract, part in PACKAGED.items():
        _write(_CONTRACTS.parent / "keeper" / part / "abi" / f"{contract}.json", own_artifact(contract))


def _listing(abi: Iterable[dict[str, Any]]) -> str:
    entries = [entry for entry in abi if entry["type"] in ("event", "function", "error")]
    return "[\n" + ",\n".join(_compact(entry) for entry in entries) + "\n]\n"


def _signature(entry: dict[str, Any]) -> tuple[str, str, str]:
    """What tells entries apart: kind, name and types."""
    return entry["type"], entry.get("name", ""), ",".join(item["type"] for item in entry.get("inputs", ()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    main()
