"""Synthetix V3 as compiled from npm, and the stand-ins beside it: what forge made of `contracts/synthetix_v3`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.devnet.artifacts import ArtifactMissing

_OUT = Path(__file__).resolve().parents[2] / "synthetix_v3" / "out"
_PERPS_MARKET = "node_modules/@synthetixio/perps-market/contracts"
_STAND_INS = "synthetix_v3/src"
MARKET_MODULES = (
    "AssociatedSystemsModule",
    "AsyncOrderCancelModule",
    "AsyncOrderModule",
    "AsyncOrderSettlementPythModule",
    "CollateralConfigurationModule",
    "CoreModule",
    "FeatureFlagModule",
    "GlobalPerpsMarketModule",
    "LiquidationModule",
    "MarketConfigurationModule",
    "PerpsAccountModule",
    "PerpsMarketFactoryModule",
    "PerpsMarketModule",
)
"""All of the perps market's modules. Its accounts are the core's module, for which there is a stand-in."""
SOURCES: Mapping[str, str] = {
    **{module: f"{_PERPS_MARKET}/modules/{module}.sol" for module in MARKET_MODULES},
    "ISpotMarketSystem": f"{_PERPS_MARKET}/interfaces/external/ISpotMarketSystem.sol",
    "NodeModule": "node_modules/@synthetixio/oracle-manager/contracts/modules/NodeModule.sol",
    "TokenModule": "node_modules/@synthetixio/core-modules/contracts/modules/TokenModule.sol",
    "RewardsDistributor": "synthetix_v3/stand_ins/rewards-distributor/src/RewardsDistributor.sol",
    "SelectorRouter": f"{_STAND_INS}/SelectorRouter.sol",
    "TestAccountModule": f"{_STAND_INS}/TestAccountModule.sol",
    "TestCore": f"{_STAND_INS}/TestCore.sol",
    "TestKeeperCostNode": f"{_STAND_INS}/TestKeeperCostNode.sol",
    "TestSpotMarket": f"{_STAND_INS}/TestSpotMarket.sol",
}
"""Contract to source: several packages have a CoreModule."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: creation code as 0x-hex, ABI, 4-byte selectors of its functions."""

    bytecode: str
    abi: tuple[dict[str, Any], ...]
    selectors: tuple[bytes, ...]


def artifact(contract: str) -> Artifact:
    """One of `SOURCES`. Raises ArtifactMissing where it is not compiled yet."""
    for path in _OUT.rglob(f"{contract}.json"):
        build = json.loads(path.read_text())
        if build["metadata"]["settings"]["compilationTarget"] == {SOURCES[contract]: contract}:
            selectors = tuple(bytes.fromhex(selector) for selector in build["methodIdentifiers"].values())
            return Artifact(build["bytecode"]["object"], tuple(build["abi"]), selectors)
    raise ArtifactMissing(f"{contract} is not in {_OUT}: run `python -m contracts.devnet.compile synthetix_v3`")
