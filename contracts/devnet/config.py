"""The ready configuration of a keeper for a devnet, whichever venue stands on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from eth_account import Account

from contracts.devnet.deployment import Core, Deployment
from contracts.devnet.synthetix_v3.deployment import Contracts, SynthetixDeployment

Mode = Literal["observe", "simulate", "execute"]
AnyDeployment = Deployment | SynthetixDeployment
_CHAIN, _EXECUTOR, _ORACLE = "devnet", "devnet", "devnet"
VENUE, _SYNTHETIX = "perp_v2", "synthetix_v3"
"""What a venue is called in the settings, the lake, and by its executor; its protocol is called the same."""
_PASSWORD = "devnet"
_LIGHT_ITERATIONS = 1_000
"""Of the key derivation: the key is a published one, so nothing is gained by making its file slow to open."""


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
    """Writes a keeper's TOML to `path`; in execute mode also the keystores of operator and owner and their password beside it.

    `finality_depth` is in blocks, and should be twice AnvilOptions.slots_in_epoch, as anvil has it. `price_service` is where a
    venue that pulls its prices gets them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = [
        _chain(deployment, url, ws_url, block_seconds, finality_depth),
        _section("keeper", {"mode": mode, "state_dir": str(lake_dir.parent / "keeper")}),
        _section("limits", {"spending_cap_eth": 10.0}),
        _section("lake", {"dir": str(lake_dir)}),
        _executor(deployment, path, mode),
        *_oracle(deployment, price_service),
        _venue(deployment, price_service),
    ]
    path.write_text("# Made for a local chain; the key is anvil's published test key.\n\n" + "\n".join(sections))


def _chain(deployment: AnyDeployment, url: str, ws_url: str | None, block_seconds: float, finality_depth: int) -> str:
    fields: dict[str, object] = {
        "id": deployment.chain_id,
        "rpc_urls": [url],
        "start_block": deployment.start_block,
        "multicall": deployment.multicall,
        "block_seconds": block_seconds,
        "finality_depth": finality_depth,
        # The socket announces heads; polling is only for when it is silent.
        "poll_interval_s": 0.2 if ws_url is None else 5.0,
        "prove_reads": True,
    }
    return _section(f"chains.{_CHAIN}", fields if ws_url is None else {**fields, "ws_url": ws_url})


def _executor(deployment: AnyDeployment, path: Path, mode: Mode) -> str:
    fields: dict[str, object] = {"address": deployment.executor, "operator": deployment.keeper}
    if mode == "execute":
        key_file, password_file = path.with_suffix(".key.json"), path.with_suffix(".password")
        _write_keystore(key_file, deployment.keeper_key)
        _write_keystore(path.with_suffix(".owner.key.json"), deployment.executor_owner_key)
        _write_private(password_file, _PASSWORD + "\n")
        fields |= {"key_file": str(key_file), "password_file": str(password_file)}
    return _section(f"executors.{_EXECUTOR}", fields)


def _write_keystore(path: Path, key: str) -> None:
    keystore = Account.encrypt(bytes.fromhex(key[2:]), _PASSWORD, kdf="pbkdf2", iterations=_LIGHT_ITERATIONS)
    _write_private(path, json.dumps(keystore) + "\n")


def _write_private(path: Path, text: str) -> None:
    """For its owner's eyes only: the keeper refuses anything else."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def _oracle(deployment: AnyDeployment, price_service: str | None) -> Sequence[str]:
    if price_service is None or not isinstance(deployment, SynthetixDeployment):
        return ()
    return (_section(f"oracles.{_ORACLE}", {"urls": [price_service], "guardians": [deployment.guardian]}),)


def _venue(deployment: AnyDeployment, price_service: str | None) -> str:
    if isinstance(deployment, SynthetixDeployment):
        name, addresses = _SYNTHETIX, _synthetix_addresses(deployment.contracts)
    else:
        name, addresses = VENUE, _addresses(deployment.core)
    oracle = {"oracle": _ORACLE} if price_service is not None else {}
    return _section(f"venues.{name}", {"protocol": name, "chain": _CHAIN, "executor": _EXECUTOR, **oracle, **addresses})


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
