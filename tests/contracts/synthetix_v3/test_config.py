"""A Synthetix V3 devnet's configuration names its contracts as the venue's options do."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from contracts.devnet.config import write_config
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet

pytestmark = pytest.mark.fork


def test_it_names_the_contracts_of_the_devnet(synthetix_devnet: SynthetixDevnet, tmp_path: Path) -> None:
    path, deployment = tmp_path / "keeper.toml", synthetix_devnet.deployment
    write_config(deployment, path, url=synthetix_devnet.url, ws_url=None, mode="observe", lake_dir=tmp_path / "lake")
    settings = tomllib.loads(path.read_text())
    venue = settings["venues"]["synthetix_v3"]
    assert venue.pop("protocol") == "synthetix_v3"
    assert (venue.pop("chain"), venue.pop("executor")) == ("devnet", "devnet")
    assert venue == {
        "perps_market": deployment.contracts.perps_market,
        "core": deployment.contracts.core,
        "spot_market": deployment.contracts.spot_market,
        "usd_token": deployment.contracts.snx_usd,
        "oracle_manager": deployment.contracts.oracle_manager,
        "pyth": deployment.contracts.pyth,
    }
    assert settings["chains"]["devnet"]["start_block"] == deployment.start_block
    assert settings["executors"]["devnet"]["address"] == deployment.executor


def test_it_names_the_price_service_and_its_guardian(synthetix_devnet: SynthetixDevnet, tmp_path: Path) -> None:
    path, deployment = tmp_path / "keeper.toml", synthetix_devnet.deployment
    address = "http://127.0.0.1:4242"
    write_config(deployment, path, url=synthetix_devnet.url, ws_url=None, mode="observe", lake_dir=tmp_path / "lake", price_service=address)
    settings = tomllib.loads(path.read_text())
    assert settings["oracles"]["devnet"] == {"urls": [address], "guardians": [deployment.guardian]}
    assert settings["venues"]["synthetix_v3"]["oracle"] == "devnet"
