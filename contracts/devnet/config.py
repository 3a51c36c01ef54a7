"""The ready configuration of a keeper for a devnet, whichever venue stands on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eth_account import Account

from contracts.devnet.deployment import Core, Deployment
from contracts.devnet.executor import MARGIN_USD
from contracts.devnet.synthetix_v3.deployment import Contracts, SynthetixDeployment

Mode = Literal["observe", "simulate", "execute"]
AnyDeployment = Deployment | SynthetixDeployment
DEVNET = "devnet"
VENUE, SYNTHETIX = "perp_v2", "synthetix_v3"
"""What a venue is called in the settings, the lake, and by its executor; its protocol is called the same."""
_PASSWORD = "devnet"
_LIGHT_ITERATIONS = 1_000
"""Of the key derivation: the key is a published one, so nothing is gained by making its file slow to open."""


@dataclass(frozen=True, slots=True)
class Site:
    """A venue on a local chain, as a keeper reaches it. Chain, executor and oracle are called `name` in the settings.

    `finality_depth` is in blocks, and should be twice AnvilOptions.slots_in_epoch, as anvil has it. `price_service` is where a
    venue that pulls its prices gets them."""

    deployment: AnyDeployment
    url: str
    ws_url: str | None
    block_seconds: float = 2
    finality_depth: int = 16
    price_service: str | None = None
    name: str = DEVNET


def write_config(
    deployment: AnyDeployment,
    path: Path,
    *,
    url: str,
    ws_url: str | None,
    mode: Mode,
    lake_dir: Path,
    block_seconds: float = 2,
    finality_depth: int = 16,
    price_service: str | None = None,
) -> None:
    """Writes the TOML of a keeper of one venue: see Site and write_joint_config."""
    site = Site(deployment, url, ws_url, block_seconds, finality_depth, price_service)
    write_joint_config((site,), path, mode=mode, lake_dir=lake_dir)


def write_joint_config(sites: Sequence[Site], path: Path, *, mode: Mode, lake_dir: Path) -> None:
    """Writes a keeper's TOML to `path`, of all these venues; in execute mode also the keystores of operators and owners and their
    passwords beside it: of a single venue under the file's own name, of several each under its site's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = [
        _section("keeper", {"mode": mode, "state_dir": str(lake_dir.parent / "keeper")}),
        _section("limits", {"spending_cap_eth": 10.0}),
        _section("lake", {"dir": str(lake_dir)}),
    ]
    for site in sites:
        keys = path if len(sites) == 1 else path.with_stem(site.name)
        sections += [_chain(site), _executor(site, keys, mode), *_oracle(site), _venue(site)]
    path.write_text("# Made for a local chain; the key is anvil's published test key.\n\n" + "\n".join(sections))


def _chain(site: Site) -> str:
    fields: dict[str, object] = {
        "id": site.deployment.chain_id,
        "rpc_urls": [site.url],
        "start_block": site.deployment.start_block,
        "multicall": site.deployment.multicall,
        "block_seconds": site.block_seconds,
        "finality_depth": site.finality_depth,
        # The socket announces heads; polling is only for when it is silent.
        "poll_interval_s": 0.2 if site.ws_url is None else 5.0,
        "prove_reads": True,
        # Tips only order the transactions of the play: they are no market.
        "fee_history_blocks": 0,
    }
    return _section(f"chains.{site.name}", fields if site.ws_url is None else {**fields, "ws_url": site.ws_url})


def _executor(site: Site, keys: Path, mode: Mode) -> str:
    deployment = site.deployment
    fields: dict[str, object] = {"address": deployment.executor, "operator": deployment.keeper, **_inventory(deployment)}
    if mode == "execute":
        key_file, password_file = keys.with_suffix(".key.json"), keys.with_suffix(".password")
        write_keystore(key_file, deployment.keeper_key)
        write_keystore(keys.with_suffix(".owner.key.json"), deployment.executor_owner_key)
        _write_private(password_file, _PASSWORD + "\n")
        fields |= {"key_file": str(key_file), "password_file": str(password_file)}
    return _section(f"executors.{site.name}", fields)


def _inventory(deployment: AnyDeployment) -> dict[str, object]:
    """What keeps the margin as it was in the beginning, where plans need any."""
    if isinstance(deployment, SynthetixDeployment):
        return {}
    return {"exchanges": [item.exchange for item in deployment.spot_pools], "margin_target_usd": MARGIN_USD}


def write_keystore(path: Path, key: str) -> None:
    """An encrypted keystore of a devnet's key, private to its owner; its password is that of all of them."""
    keystore = Account.encrypt(bytes.fromhex(key[2:]), _PASSWORD, kdf="pbkdf2", iterations=_LIGHT_ITERATIONS)
    _write_private(path, json.dumps(keystore) + "\n")


def _write_private(path: Path, text: str) -> None:
    """For its owner's eyes only: the keeper refuses anything else."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def _oracle(site: Site) -> Sequence[str]:
    deployment = site.deployment
    if site.price_service is None or not isinstance(deployment, SynthetixDeployment):
        return ()
    return (_section(f"oracles.{site.name}", {"urls": [site.price_service], "guardians": [deployment.guardian]}),)


def _venue(site: Site) -> str:
    if isinstance(site.deployment, SynthetixDeployment):
        name, addresses = SYNTHETIX, _synthetix_addresses(site.deployment.contracts)
    else:
        name, addresses = VENUE, _addresses(site.deployment.core)
    oracle = {"oracle": site.name} if site.price_service is not None else {}
    return _section(f"venues.{name}", {"protocol": name, "chain": site.name, "executor": site.name, **oracle, **addresses})


def _synthetix_addresses(contracts: Contracts) -> dict[str, object]:
    return {
        "perps_market": contracts.perps_market,
        "core": contracts.core,
        "spot_market": contracts.spot_market,
        "usd_token": contracts.snx_usd,
        "oracle_manager": contracts.oracle_manager,
        "pyth": contracts.pyth,
    }


def _addresses(core: Core) -> dict[str, object]:
    return {
        "clearing_house": core.clearing_house,
        "account_balance": core.account_balance,
        "vault": core.vault,
        "exchange": core.exchange,
        "order_book": core.order_book,
        "market_registry": core.market_registry,
        "clearing_house_config": core.clearing_house_config,
        "collateral_manager": core.collateral_manager,
        "insurance_fund": core.insurance_fund,
    }


def _section(name: str, fields: dict[str, object]) -> str:
    # JSON's numbers, strings and flat lists are written the same way in TOML.
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
