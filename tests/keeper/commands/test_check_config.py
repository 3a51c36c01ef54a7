"""`keeper check-config`: every value with its origin, and one line with the mend for what is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contracts.devnet import Devnet
from tests.keeper.commands.conftest import Cli
from tests.keeper.venues.perp_v2.books import ADDRESSES

_VENUE = "\n".join(f'{name} = "{address}"' for name, address in ADDRESSES.items())
_TEXT = f"""
[chains.devnet]
id = 31337
rpc_urls = ["http://127.0.0.1:8545", "http://127.0.0.1:8546"]
start_block = 3

[limits]
min_profit_usd = 2.5

[venues.perp_v2]
protocol = "perp_v2"
chain = "devnet"
{_VENUE}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "keeper.toml"
    file.write_text(_TEXT)
    return file


def test_json_gives_value_and_origin_of_every_setting(keeper: Cli, path: Path) -> None:
    answer = keeper("check-config", "--config", path, "--offline", "--json", environment={"PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": "7"})
    assert answer.exit_code == 0
    settings = json.loads(answer.stdout)
    assert settings["limits.min_profit_usd"] == {"value": "2.5", "origin": str(path)}
    assert settings["chains.devnet.rpc_urls"] == {"value": "http://127.0.0.1:8545, http://127.0.0.1:8546", "origin": str(path)}
    assert settings["keeper.mode"] == {"value": "observe", "origin": "default"}
    assert settings["keeper.tripwire_blocks"] == {"value": "7", "origin": "environment PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS"}
    assert settings["venues.perp_v2.vault"] == {"value": ADDRESSES["vault"], "origin": str(path)}
    assert {item["origin"] for item in settings.values()} == {"default", str(path), "environment PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS"}


def test_a_person_sees_the_same_with_what_each_setting_means(keeper: Cli, path: Path) -> None:
    answer = keeper("check-config", "-c", path, "--offline", environment={"COLUMNS": "80"})
    assert answer.exit_code == 0
    assert re.search(r"^keeper\.mode = observe\n    from default: .*no key is loaded", answer.stdout, re.MULTILINE)
    assert f"limits.min_profit_usd = 2.5\n    from {path}: " in answer.stdout
    assert all(f"venues.perp_v2.{name} = {address}\n" in answer.stdout for name, address in ADDRESSES.items()), "none is cut"


def test_nothing_of_an_address_that_may_be_a_key_is_shown(keeper: Cli, path: Path) -> None:
    secret = {
        "PERP_KEEPER__CHAINS__DEVNET__RPC_URLS": "https://user:HUNTER2@eth.example/v2/HUNTER2,https://eth.example?key=HUNTER2",
        "PERP_KEEPER__CHAINS__DEVNET__WS_URL": "wss://eth.example/HUNTER2",
        "PERP_KEEPER__CHAINS__DEVNET__SEND_URLS": "https://eth.example/HUNTER2",
        "PERP_KEEPER__EXECUTORS__HOT__SIGNER_URL": "https://user:HUNTER2@signer.example/HUNTER2",
    }
    for options in ((), ("--json",)):
        answer = keeper("check-config", "-c", path, "--offline", *options, environment=secret)
        assert answer.exit_code == 0
        assert "https://eth.example/..., https://eth.example/..." in answer.stdout
        assert "HUNTER2" not in answer.output
    answer = keeper(
        "check-config", "-c", path, "--offline", environment=secret | {"PERP_KEEPER__CHAINS__DEVNET__RPC_URLS": "https://a/HUNTER2"}
    )
    assert "HUNTER2" not in answer.output
    wrong = {"PERP_KEEPER__CHAINS__DEVNET__ID": "https://eth.example/HUNTER2"}
    answer = keeper("check-config", "-c", path, "--offline", environment=wrong)
    assert answer.exit_code == 2
    assert "HUNTER2" not in answer.output


def test_execute_mode_needs_exactly_one_source_of_keys(keeper: Cli, path: Path) -> None:
    acting = {"PERP_KEEPER__KEEPER__MODE": "execute", "PERP_KEEPER__VENUES__PERP_V2__EXECUTOR": "hot"}
    acting["PERP_KEEPER__EXECUTORS__HOT__KEY_ENV"] = "KEY_A"
    assert keeper("check-config", "-c", path, "--offline", environment=acting).exit_code == 0
    both = acting | {"PERP_KEEPER__EXECUTORS__HOT__SIGNER_URL": "http://127.0.0.1:9000"}
    answer = keeper("check-config", "-c", path, "--offline", environment=both)
    assert answer.exit_code == 2
    assert "executors.hot.key_file, key_env or signer_url: there are key_env and signer_url" in answer.output


@pytest.mark.fork
def test_the_chain_is_asked(keeper: Cli, config: Path, devnet: Devnet) -> None:
    answer = json.loads(keeper("check-config", "--config", config, "--json").stdout)["chains"]["devnet"]
    assert (answer["id"], answer["problems"]) == (devnet.deployment.chain_id, [])
    assert [head["number"] > 0 for head in answer["heads"].values()] == [True]
    assert answer["code_bytes"]["venues.perp_v2.vault"] > 0
    assert {"chains.devnet.multicall", "executors.devnet.address", "venues.perp_v2.clearing_house"} <= answer["code_bytes"].keys()


@pytest.mark.fork
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PERP_KEEPER__CHAINS__DEVNET__ID": "10"}, "10"),
        ({"PERP_KEEPER__VENUES__PERP_V2__VAULT": "0x" + "12" * 20}, "venues.perp_v2.vault: there is no contract at 0x" + "12" * 20),
        ({"PERP_KEEPER__CHAINS__DEVNET__MULTICALL": "0x" + "12" * 20}, "chains.devnet.multicall: there is no contract"),
    ],
)
def test_another_chain_or_a_contract_that_is_not_there_ends_with_2(keeper: Cli, config: Path, change: dict[str, str], words: str) -> None:
    answer = keeper("check-config", "--config", config, environment=change)
    assert answer.exit_code == 2
    assert words in answer.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("min_profit_usd = 2.5", "min_profitt_usd = 2.5"), ("unknown key limits.min_profitt_usd", "Did you mean limits.min_profit_usd?")),
        (("id = 31337\n", ""), ("chains.devnet.id is missing", "Add it")),
        (("start_block = 3", 'start_block = "three"'), ("chains.devnet.start_block", "three")),
        (('protocol = "perp_v2"', 'protocol = "perp_v9"'), ("venues.perp_v2.protocol = 'perp_v9': no such protocol", "Known: perp_v2")),
        (('chain = "devnet"', 'chain = "elsewhere"'), ("venues.perp_v2.chain", "elsewhere", "Known: devnet")),
        (('chain = "devnet"', 'chain = "devnet"\nexecutor = "nobody"'), ("venues.perp_v2.executor", "nobody", "Known: none")),
        ((ADDRESSES["vault"], "0x123"), ("vault", "0x123")),
        (("[limits]", '[log]\nlevel = "loud"\n[limits]'), ("loud", "debug, info, warning, error")),
        (("[limits]", '[limits]\ndeny = ["0x12"]'), ("limits.deny", "0x12")),
        (("[chains.devnet]", "[chains.devnet"), ("not valid TOML",)),
    ],
)
def test_what_is_wrong_is_one_line_with_file_or_key_and_the_mend(
    keeper: Cli, path: Path, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    assert change[0] in _TEXT
    path.write_text(_TEXT.replace(*change, 1))
    answer = keeper("check-config", "--config", path, "--offline")
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    for word in words:
        assert word in answer.stderr


def test_a_file_that_is_not_there_says_where_to_get_one(keeper: Cli, tmp_path: Path) -> None:
    answer = keeper("check-config", "--config", tmp_path / "nowhere.toml")
    assert answer.exit_code == 2
    assert "no such file" in answer.stderr
    assert "make devnet" in answer.stderr
