"""A devnet's configuration is one the keeper takes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from eth_account import Account

from contracts.devnet.config import Mode, Site, write_config, write_joint_config
from contracts.devnet.devnet import Devnet
from contracts.devnet.synthetix_v3.deployment import Contracts, SynthetixDeployment
from keeper.settings import load

pytestmark = pytest.mark.fork


@pytest.mark.parametrize("mode", ["observe", "simulate", "execute"])
def test_the_keeper_loads_it(devnet: Devnet, tmp_path: Path, mode: Mode) -> None:
    path = tmp_path / "keeper.toml"
    write_config(devnet.deployment, path, url=devnet.url, ws_url=devnet.anvil.ws_url, mode=mode, lake_dir=tmp_path / "lake")
    (scope,) = load(path, {}).settings.scopes()
    assert (scope.keeper.mode, scope.chain.id, scope.chain.rpc_urls) == (mode, 31_337, (devnet.url,))
    assert scope.chain.start_block == devnet.deployment.start_block
    assert str(scope.executors[0].settings.address).lower() == devnet.deployment.executor.lower()
    assert scope.venues["perp_v2"].options.clearing_house == devnet.deployment.core.clearing_house.lower()
    assert (scope.executors[0].settings.key_file == ()) == (mode != "execute")


def test_the_keystore_opens_with_the_password_beside_it(devnet: Devnet, tmp_path: Path) -> None:
    path = tmp_path / "keeper.toml"
    write_config(devnet.deployment, path, url=devnet.url, ws_url=None, mode="execute", lake_dir=tmp_path / "lake")
    (scope,) = load(path, {}).settings.scopes()
    (key_file,), (password_file,) = scope.executors[0].settings.key_file, scope.executors[0].settings.password_file
    key = Account.decrypt(key_file.read_text(), password_file.read_text().strip())
    assert Account.from_key(key).address == devnet.deployment.keeper


def test_several_venues_are_one_keeper_s_each_with_a_chain_and_a_key_of_its_own(devnet: Devnet, tmp_path: Path) -> None:
    path = tmp_path / "keeper.toml"
    sites = [Site(devnet.deployment, devnet.url, None, name="first"), _other(devnet)]
    write_joint_config(sites, path, mode="execute", lake_dir=tmp_path / "lake")
    scopes = load(path, {}).settings.scopes()
    assert [(scope.name, scope.chain.id, *scope.venues) for scope in scopes] == [
        ("first", 31_337, "perp_v2"),
        ("other", 31_338, "synthetix_v3"),
    ]
    assert [scope.executors[0].settings.key_file for scope in scopes] == [(tmp_path / "first.key.json",), (tmp_path / "other.key.json",)]
    assert scopes[1].oracles["other"].urls == ("http://127.0.0.1:1",)


def _other(devnet: Devnet) -> Site:
    """Of a venue that is described and not there."""
    perp, zero = devnet.deployment, "0x" + "00" * 20
    contracts = Contracts(*[zero] * len(fields(Contracts)))
    common = {item.name: getattr(perp, item.name) for item in fields(SynthetixDeployment) if hasattr(perp, item.name)}
    own = {"chain_id": 31_338, "contracts": contracts, "markets": (), "synths": (), "guardian": zero, "settler": zero, "traders": ()}
    return Site(SynthetixDeployment(**{**common, **own}), devnet.url, None, price_service="http://127.0.0.1:1", name="other")
