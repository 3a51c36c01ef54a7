"""Settings say where each value came from, and a wrong one says what to do."""

from pathlib import Path

import pytest

from keeper.errors import ConfigError
from keeper.settings import Loaded, Mode, documented, load
from keeper.venues import REGISTRY

MINIMAL = """
[chain]
id = 31337
rpc_urls = ["http://127.0.0.1:8545"]
start_block = 0

[venues.perp_v2]
vault = "0xabc"
"""


def _load(tmp_path: Path, text: str, **environ: str) -> Loaded:
    path = tmp_path / "keeper.toml"
    path.write_text(text)
    return load(path, environ)


def test_defaults_observe_and_carry_their_origin(tmp_path: Path) -> None:
    loaded = _load(tmp_path, MINIMAL)
    assert loaded.settings.keeper.mode is Mode.OBSERVE
    assert loaded.origins["keeper.mode"] == "default"
    assert loaded.origins["chain.id"].endswith("keeper.toml")


def test_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    loaded = _load(tmp_path, MINIMAL, PERP_KEEPER__CHAIN__ID="10", PERP_KEEPER__CHAIN__RPC_URLS="http://a,http://b")
    assert loaded.settings.chain.id == 10
    assert loaded.settings.chain.rpc_urls == ("http://a", "http://b")
    assert loaded.origins["chain.id"] == "environment PERP_KEEPER__CHAIN__ID"
    again = load(loaded.path, {"PERP_KEEPER__CHAIN__ID": "10"}, {"chain.id": 5, "keeper.mode": None})
    assert (again.settings.chain.id, again.origins["chain.id"]) == (5, "command line")


def test_included_files_come_first_and_name_themselves(tmp_path: Path) -> None:
    (tmp_path / "chain.toml").write_text('[chain]\nid = 1\nstart_block = 7\nrpc_urls = ["http://x"]\n')
    loaded = _load(tmp_path, 'include = ["chain.toml"]\n[chain]\nid = 2\n[venues.perp_v2]\nvault = "0x"\n')
    assert (loaded.settings.chain.id, loaded.settings.chain.start_block) == (2, 7)
    assert loaded.origins["chain.start_block"].endswith("chain.toml")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("id = 31337", "idd = 31337"), ["keeper.toml", "chain.idd", "chain.id"]),
        (("id = 31337\n", ""), ["keeper.toml", "chain.id is missing", "chain id"]),
        (("id = 31337", 'id = "x"'), ["keeper.toml", "chain.id", "'x'"]),
        (("id = 31337", "id = true"), ["chain.id"]),
        (("id = 31337", 'multicall = "0x12"\nid = 1'), ["chain.multicall", "not an address"]),
        (("[venues.perp_v2]", "[nonsense]\n[venues.perp_v2]"), ["nonsense"]),
        (('vault = "0xabc"', "vault = 3"), ["venues.perp_v2.vault", "string"]),
        (("[venues.perp_v2]", "[venue.perp_v2]"), ["unknown key venue", "venues"]),
        (('[venues.perp_v2]\nvault = "0xabc"\n', ""), ["[venues.<name>] is missing"]),
        (("[chain]", "[chain"), ["not valid TOML"]),
        (("[chain]", 'include = "x"\n[chain]'), ["include must be a list"]),
    ],
)
def test_a_wrong_setting_names_file_key_and_mend(tmp_path: Path, change: tuple[str, str], expected: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        _load(tmp_path, MINIMAL.replace(*change))
    for part in expected:
        assert part in str(raised.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make devnet"):
        load(tmp_path / "none.toml", {})


def test_a_wrong_environment_value_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="environment PERP_KEEPER__KEEPER__MODE"):
        _load(tmp_path, MINIMAL, PERP_KEEPER__KEEPER__MODE="yolo")


def test_the_shipped_example_is_complete_and_loads() -> None:
    path = Path(__file__).parents[2] / "config" / "keeper.toml"
    loaded = load(path, {})
    text = path.read_text()
    for dotted, _, _ in documented(loaded.settings):
        assert f"{dotted.split('.')[-1]} = " in text, f"{dotted} is not in config/keeper.toml"


def test_the_shipped_example_has_a_section_of_every_venue_there_is() -> None:
    text = (Path(__file__).parents[2] / "config" / "keeper.toml").read_text()
    for name in REGISTRY:
        assert f"[venues.{name}]" in text


def test_a_kind_of_l1_fee_nobody_knows_is_refused(tmp_path: Path) -> None:
    assert _load(tmp_path, MINIMAL).settings.chain.l1_fee is None
    assert _load(tmp_path, MINIMAL, PERP_KEEPER__CHAIN__L1_FEE="optimism").settings.chain.l1_fee == "optimism"
    with pytest.raises(ConfigError, match=r"chain\.l1_fee"):
        _load(tmp_path, MINIMAL, PERP_KEEPER__CHAIN__L1_FEE="arbitrum")
