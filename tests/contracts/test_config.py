"""A devnet's configuration is one the keeper takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_account import Account

from contracts.devnet.config import Mode, write_config
from contracts.devnet.devnet import Devnet
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
    assert (scope.executors[0].settings.key_file is None) == (mode != "execute")


def test_the_keystore_opens_with_the_password_beside_it(devnet: Devnet, tmp_path: Path) -> None:
    path = tmp_path / "keeper.toml"
    write_config(devnet.deployment, path, url=devnet.url, ws_url=None, mode="execute", lake_dir=tmp_path / "lake")
    (scope,) = load(path, {}).settings.scopes()
    assert scope.executors[0].settings.key_file is not None
    assert scope.executors[0].settings.password_file is not None
    password = scope.executors[0].settings.password_file.read_text().strip()
    key = Account.decrypt(scope.executors[0].settings.key_file.read_text(), password)
    assert Account.from_key(key).address == devnet.deployment.keeper
