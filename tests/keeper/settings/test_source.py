"""Settings say where each value came from, and a wrong one says what to do."""

import tomllib
from pathlib import Path

import pytest

from keeper.errors import ConfigError
from keeper.settings import Loaded, Mode, Settings, documented, load
from keeper.venues import REGISTRY
from tests.keeper.venues.perp_v2.books import ADDRESSES
from tests.keeper.venues.synthetix_v3.books import ADDRESSES as SYNTHETIX_ADDRESSES

CONFIG = Path(__file__).parents[3] / "config"
VENUE = 'protocol = "perp_v2"\nchain = "one"\n' + "\n".join(f'{key} = "{value}"' for key, value in ADDRESSES.items()) + "\n"
MINIMAL = f"""
[chains.one]
id = 31337
rpc_urls = ["http://127.0.0.1:8545"]
start_block = 0

[venues.first]
{VENUE}"""
EXECUTOR = f'\n[executors.hot]\naddress = "0x{"AB" * 20}"\n'


def _load(tmp_path: Path, text: str, **environ: str) -> Loaded:
    path = tmp_path / "keeper.toml"
    path.write_text(text)
    return load(path, environ)


def test_defaults_are_told_apart_from_what_the_file_says(tmp_path: Path) -> None:
    loaded = _load(tmp_path, MINIMAL)
    assert loaded.settings.keeper.mode is Mode.OBSERVE
    assert loaded.origins["keeper.mode"] == "default"
    assert loaded.origins["chains.one.id"].endswith("keeper.toml")
    assert (loaded.origins["venues.first.protocol"].endswith("keeper.toml"), loaded.origins["venues.first.executor"]) == (True, "default")
    assert loaded.origins.keys() == {key for key, _, _ in documented(loaded.settings)}


def test_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    loaded = _load(tmp_path, MINIMAL, PERP_KEEPER__CHAINS__ONE__ID="10", PERP_KEEPER__CHAINS__ONE__RPC_URLS="http://a,http://b")
    chain = loaded.settings.chains["one"]
    assert (chain.id, chain.rpc_urls) == (10, ("http://a", "http://b"))
    assert loaded.origins["chains.one.id"] == "environment PERP_KEEPER__CHAINS__ONE__ID"
    again = load(loaded.path, {"PERP_KEEPER__CHAINS__ONE__ID": "10"}, {"chains.one.id": 5, "keeper.mode": None})
    assert (again.settings.chains["one"].id, again.origins["chains.one.id"]) == (5, "command line")


def test_included_files_come_first_and_name_themselves(tmp_path: Path) -> None:
    (tmp_path / "chain.toml").write_text('[chains.one]\nid = 1\nstart_block = 7\nrpc_urls = ["http://x"]\n')
    loaded = _load(tmp_path, f'include = ["chain.toml"]\n[chains.one]\nid = 2\n[venues.first]\n{VENUE}')
    chain = loaded.settings.chains["one"]
    assert (chain.id, chain.start_block) == (2, 7)
    assert loaded.origins["chains.one.start_block"].endswith("chain.toml")


def _two_chains(tmp_path: Path) -> Settings:
    other = MINIMAL.replace("[chains.one]", "[chains.two]").replace("31337", "31338").replace("[venues.first]", "[venues.second]")
    return _load(tmp_path, MINIMAL + other.replace('chain = "one"', 'chain = "two"\nexecutor = "hot"') + EXECUTOR).settings


def test_two_deployments_on_two_chains_are_two_venues(tmp_path: Path) -> None:
    """Each chain's lane gets what is its own."""
    one, two = _two_chains(tmp_path).scopes()
    assert (one.name, one.chain.id, tuple(one.venues), one.executors[0].name) == ("one", 31_337, ("first",), None)
    assert (two.name, two.chain.id, tuple(two.venues), two.executors[0].name) == ("two", 31_338, ("second",), "hot")
    assert two.executors[0].settings.address == "0x" + "ab" * 20
    assert two.venues["second"].options.vault == ADDRESSES["vault"]
    assert two.executors[0].key("operator") == "executors.hot.operator"
    assert one.executors[0].key("operator") == "venues.first.executor, and with it executors.NAME.operator,"


def test_a_chain_without_a_venue_is_not_followed(tmp_path: Path) -> None:
    idle = MINIMAL.split("[venues")[0].replace("[chains.one]", "[chains.idle]")
    assert [scope.name for scope in _load(tmp_path, idle + MINIMAL).settings.scopes()] == ["one"]


def test_block_times_may_be_fractions_of_a_second(tmp_path: Path) -> None:
    """The next block's timestamp is then at most a second later."""
    (scope,) = _load(tmp_path, MINIMAL.replace("start_block", "block_seconds = 0.25\nstart_block")).settings.scopes()
    assert (scope.chain.block_seconds, scope.chain.look_ahead_s) == (0.25, 1)


def test_an_old_file_is_shown_in_the_new_form(tmp_path: Path) -> None:
    """And what is shown loads."""
    old = MINIMAL.replace("[chains.one]", "[chain]").replace("[venues.first]", "[venues.perp_v2]")
    old = old.replace('protocol = "perp_v2"\nchain = "one"\n', "")
    old += f'\n[execution]\nexecutor = "0x{"ab" * 20}"\nsend_urls = ["http://b"]\ngas_coin_market = "OP"\nforks = 3\n'
    with pytest.raises(ConfigError, match=r"\[chain\] is of the single-chain form") as error:
        _load(tmp_path, old)
    shown = str(error.value).split("\n\n", 1)[1]
    assert tomllib.loads(shown)["executors"]["main"] == {"address": "0x" + "ab" * 20, "forks": 3}
    (scope,) = _load(tmp_path, shown).settings.scopes()
    assert (scope.chain.send_urls, scope.chain.gas_coin_market, scope.executors[0].settings.forks) == (("http://b",), "OP", 3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("id = 31337", "idd = 31337"), ["keeper.toml", "chains.one.idd", "chains.one.id"]),
        (("id = 31337\n", ""), ["keeper.toml", "chains.one.id is missing", "chain id"]),
        (("id = 31337", 'id = "x"'), ["keeper.toml", "chains.one.id", "'x'"]),
        (("id = 31337", "id = true"), ["chains.one.id"]),
        (("id = 31337", 'multicall = "0x12"\nid = 1'), ["chains.one.multicall", "not an address"]),
        (("[venues.first]", "[nonsense]\n[venues.first]"), ["nonsense"]),
        (("[venues.first]", "[venue.first]"), ["unknown key venue", "venues"]),
        (("[venues.first]\n" + VENUE, ""), ["[venues.NAME] is missing", "its protocol"]),
        (("[venues.first]", "[executors]\nhot = 3\n[venues.first]"), ["executors.hot must be a section"]),
        (("[chains.one]", "[chains.one"), ["not valid TOML"]),
        (("[chains.one]", 'include = "x"\n[chains.one]'), ["include must be a list"]),
        (('chain = "one"', ""), ["venues.first.chain is missing", "configured: one"]),
        (('chain = "one"', 'chain = "two"'), ["venues.first.chain = 'two'", "no such chain", "Known: one"]),
        (('protocol = "perp_v2"', 'protocol = "perp_v3"'), ["venues.first.protocol", "Known: perp_v2"]),
        ((f'vault = "{ADDRESSES["vault"]}"\n', ""), ["venues.first.vault is missing", "Vault"]),
        ((f'vault = "{ADDRESSES["vault"]}"', "vualt = 3"), ["venues.first.vualt", "Did you mean venues.first.vault?"]),
    ],
)
def test_a_wrong_setting_names_file_key_and_mend(tmp_path: Path, change: tuple[str, str], expected: list[str]) -> None:
    assert change[0] in MINIMAL
    with pytest.raises(ConfigError) as raised:
        _load(tmp_path, MINIMAL.replace(*change))
    for part in expected:
        assert part in str(raised.value)


def test_the_venues_of_a_chain_may_have_executors_of_their_own(tmp_path: Path) -> None:
    """Those without are only observed."""
    other = EXECUTOR.replace("hot", "cold").replace("AB", "CD")
    venues = "".join(
        f'\n[venues.{name}]\nexecutor = "{executor}"\n{VENUE}' for name, executor in {"second": "hot", "third": "cold"}.items()
    )
    (scope,) = _load(tmp_path, MINIMAL + venues + EXECUTOR + other).settings.scopes()
    assert {executor.name: executor.venues for executor in scope.executors} == {None: ("first",), "hot": ("second",), "cold": ("third",)}
    assert scope.executor_of("third").settings.address == "0x" + "cd" * 20
    assert scope.executor_of("third").key("operator") == "executors.cold.operator"


@pytest.mark.parametrize(("key", "value"), [("address", "0x" + "AB" * 20), ("operator", "0x" + "EF" * 20)])
def test_two_executors_of_a_chain_share_neither_key_nor_contract(tmp_path: Path, key: str, value: str) -> None:
    """One key has one order of nonces, one contract one margin."""
    venues = "".join(f'\n[venues.{name}]\nexecutor = "{name}"\n{VENUE}' for name in ("hot", "cold"))
    executors = "".join(f'\n[executors.{name}]\n{key} = "{value}"\n' for name in ("hot", "cold"))
    with pytest.raises(ConfigError, match=rf"executors\.hot\.{key} and executors\.cold\.{key} are the same.*of its own"):
        _load(tmp_path, MINIMAL + venues + executors)


@pytest.mark.parametrize("more", ['more_operators = ["0x' + "EF" * 20 + '"]', 'more_operators = "0x' + "CD" * 20 + ",0x" + "EF" * 20 + '"'])
def test_a_key_of_one_executors_pool_is_no_other_ones(tmp_path: Path, more: str) -> None:
    venues = "".join(f'\n[venues.{name}]\nexecutor = "{name}"\n{VENUE}' for name in ("hot", "cold"))
    executors = f'\n[executors.hot]\noperator = "0x{"AA" * 20}"\n{more}\n[executors.cold]\noperator = "0x{"EF" * 20}"\n'
    with pytest.raises(ConfigError, match=rf"executors\.hot\.operator and executors\.cold\.operator are the same, 0x{'ef' * 20}"):
        _load(tmp_path, MINIMAL + venues + executors)


def test_an_executor_names_each_operator_once(tmp_path: Path) -> None:
    pool = f'operator = "0x{"EF" * 20}"\nmore_operators = ["0x{"ef" * 20}"]\n'
    with pytest.raises(ConfigError, match=r"executors\.hot\.more_operators names an operator twice"):
        _load(tmp_path, MINIMAL + EXECUTOR + pool)


def test_keys_are_lists_and_a_text_is_a_list_of_one(tmp_path: Path) -> None:
    one = _load(tmp_path, MINIMAL + EXECUTOR + 'key_file = "a.json"\n').settings.executors["hot"]
    assert (one.key_file, one.password_file, one.operators) == ((Path("a.json"),), (), ())
    pool = f'operator = "0x{"EF" * 20}"\nmore_operators = ["0x{"CD" * 20}"]\nkey_env = ["A", "B"]\n'
    several = _load(tmp_path, MINIMAL + EXECUTOR + pool).settings.executors["hot"]
    assert (several.key_env, several.operators) == (("A", "B"), ("0x" + "ef" * 20, "0x" + "cd" * 20))


def test_an_executor_acts_on_one_chain(tmp_path: Path) -> None:
    other = MINIMAL.replace("[chains.one]", "[chains.two]").replace("[venues.first]", "[venues.second]").replace('"one"', '"two"')
    both = (MINIMAL + other).replace("chain = ", 'executor = "hot"\nchain = ')
    with pytest.raises(ConfigError, match="different chains and both name executor hot"):
        _load(tmp_path, both + EXECUTOR)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make devnet"):
        load(tmp_path / "none.toml", {})


def test_a_wrong_environment_value_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="environment PERP_KEEPER__KEEPER__MODE"):
        _load(tmp_path, MINIMAL, PERP_KEEPER__KEEPER__MODE="yolo")


def test_the_shipped_example_is_complete_and_loads() -> None:
    loaded = load(CONFIG / "keeper.toml", {})
    text = (CONFIG / "keeper.toml").read_text()
    for dotted, _, _ in documented(loaded.settings):
        assert f"{dotted.split('.')[-1]} = " in text, f"{dotted} is not in config/keeper.toml"


def test_the_shipped_example_has_a_section_of_every_protocol_there_is() -> None:
    text = (CONFIG / "keeper.toml").read_text()
    for name in REGISTRY:
        assert f'protocol = "{name}"' in text


def test_a_kind_of_l1_fee_nobody_knows_is_refused(tmp_path: Path) -> None:
    assert _load(tmp_path, MINIMAL).settings.chains["one"].l1_fee is None
    assert _load(tmp_path, MINIMAL, PERP_KEEPER__CHAINS__ONE__L1_FEE="optimism").settings.chains["one"].l1_fee == "optimism"
    with pytest.raises(ConfigError, match=r"chains\.one\.l1_fee"):
        _load(tmp_path, MINIMAL, PERP_KEEPER__CHAINS__ONE__L1_FEE="arbitrum")


ORACLE = '\n[oracles.prices]\nurls = ["http://127.0.0.1:1", "http://127.0.0.1:2"]\n'
SYNTHETIX = 'protocol = "synthetix_v3"\nchain = "one"\n' + "".join(f'{key} = "{value}"\n' for key, value in SYNTHETIX_ADDRESSES.items())
PULLING = MINIMAL.replace(VENUE, SYNTHETIX)


def test_a_venue_pulls_its_prices_from_an_oracle_by_name(tmp_path: Path) -> None:
    (scope,) = _load(tmp_path, PULLING + 'oracle = "prices"\n' + ORACLE).settings.scopes()
    assert scope.venues["first"].oracle == "prices"
    assert scope.oracles["prices"].urls == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert _load(tmp_path, MINIMAL + ORACLE).settings.scopes()[0].oracles == {}, "one that no venue names is not asked"


def test_an_oracle_stands_with_the_venues_that_pull_their_prices_and_with_no_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keeper\.toml: venues\.first\.oracle is missing\. synthetix_v3 pulls.*configured: none"):
        _load(tmp_path, '[keeper]\nmode = "simulate"\n' + PULLING)
    with pytest.raises(ConfigError, match=r"keeper\.toml: venues\.first\.oracle = 'prices': all prices of perp_v2 are on the chain"):
        _load(tmp_path, MINIMAL + 'oracle = "prices"\n' + ORACLE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('oracle = "pyht"\n' + ORACLE, ["venues.first.oracle = 'pyht'", "no such oracle", "Known: prices"]),
        ("\n[oracles.prices]\nmax_age_s = 3\n", ["oracles.prices.urls is missing", "price services"]),
        (ORACLE + 'protocol = "chainlink"\n', ["oracles.prices.protocol", "chainlink"]),
        (ORACLE + 'guardians = ["0x12"]\n', ["oracles.prices.guardians", "not an address"]),
    ],
)
def test_a_wrong_oracle_names_key_and_mend(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        _load(tmp_path, MINIMAL + text)
    for word in words:
        assert word in str(raised.value)
