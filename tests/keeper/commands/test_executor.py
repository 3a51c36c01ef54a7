"""An owner sets an executor up, funds it, looks at it and takes it back, without a hand-written transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from typer.testing import Result

from contracts.devnet import Devnet, write_config
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.executor import execution
from contracts.devnet.roles import EXECUTOR_OWNER, KEEPER, TREASURY
from tests.keeper.commands.conftest import Cli

pytestmark = pytest.mark.fork
_MINT_6 = 60_000 * 10**6
_NOWHERE = ("--token", KEEPER, "--pool", KEEPER, "--feed", KEEPER)


@dataclass
class _Owner:
    """A devnet that mines every transaction, a keeper's settings, and the command line with the owner's key."""

    devnet: Devnet
    cli: Cli
    config: Path

    def __call__(self, command: str, *arguments: object, key: str = "owner.key.json") -> Result:
        files = ("--owner-key", self.config.with_suffix(f".{key}"), "--password-file", self.config.with_suffix(".password"))
        return self.cli("executor", command, "--config", self.config, *files, *arguments)

    def status(self) -> dict[str, Any]:
        result = self.cli("executor", "status", "--config", self.config, "--json")
        answer: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (1 if answer["missing"] else 0)
        return answer

    def use(self, executor: str) -> None:
        """Another executor in the settings, which has no exchange."""
        lines = [line for line in self.config.read_text().splitlines() if not line.startswith("exchanges = ")]
        self.config.write_text("\n".join(f'address = "{executor}"' if line.startswith("address = ") else line for line in lines) + "\n")

    def view(self, to: str, signature: str, kind: str, *arguments: object) -> Any:
        return returned((kind,), self.devnet.rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest"))[0]

    def may_execute(self, executor: str) -> bool:
        call = {"from": KEEPER, "to": executor, "data": execution([], 0)}
        return not isinstance(self.devnet.rpc.attempt([("eth_call", [call, "latest"])])[0], Exception)

    def head(self) -> int:
        return int(self.devnet.rpc.call("eth_blockNumber"), 16)


@pytest.fixture
def owner(devnet: Devnet, keeper: Cli, tmp_path: Path) -> Iterator[_Owner]:
    config = tmp_path / "keeper.toml"
    write_config(devnet.deployment, config, url=devnet.url, ws_url=None, mode="execute", lake_dir=tmp_path / "lake")
    devnet.rpc.call("evm_setAutomine", True)
    yield _Owner(devnet, keeper, config)
    devnet.rpc.call("evm_setAutomine", False)


def test_from_nothing_to_an_operator_that_can_act_and_back(owner: _Owner) -> None:
    deployment = owner.devnet.deployment
    mint = calldata("mint(address,uint256)", EXECUTOR_OWNER, _MINT_6)
    owner.devnet.rpc.call("eth_sendTransaction", {"from": deployment.owner, "to": deployment.usdc, "data": mint})
    deployed = owner("deploy", "--treasury", TREASURY, "--json")
    assert deployed.exit_code == 0, deployed.output
    (executor,) = json.loads(deployed.stdout)["created"]
    assert executor in deployed.stderr
    owner.use(executor)
    assert len(owner.status()["missing"]) == 3
    allowed = owner("allow", "--budget-usd", 2_000, "--json")
    assert allowed.exit_code == 0, allowed.output
    functions = [row["function"] for row in json.loads(allowed.stdout)["sent"]]
    assert functions == ["create PerpV2Valuer", "setVenue", "setBudget", "setOperator"]
    assert owner.status()["missing"] == ["perp_v2: no margin; run `keeper executor fund --margin USD`"]
    gas_before = int(owner.devnet.rpc.call("eth_getBalance", KEEPER, "latest"), 16)
    assert owner("fund", "--margin", 50_000, "--gas", 0.5).exit_code == 0
    assert int(owner.devnet.rpc.call("eth_getBalance", KEEPER, "latest"), 16) - gas_before == 5 * 10**17
    ready = owner.status()
    assert ready["missing"] == []
    assert ready["venues"][0]["equity_raw"] == str(50_000 * 10**18)
    assert ready["budget_raw"]["left"] == str(2_000 * 10**18)
    assert owner.may_execute(executor)
    assert "nothing to do" in owner("allow").stderr
    swept = owner("sweep", "--margin", 20_000)
    assert swept.exit_code == 0, swept.output
    assert owner.view(deployment.usdc, "balanceOf(address)", "uint256", TREASURY) == 20_000 * 10**6
    assert owner("revoke").exit_code == 0
    assert not owner.may_execute(executor)
    assert owner.status()["operator"]["allowed"] is False


def test_a_key_that_was_replaced_is_shown_until_it_is_revoked(owner: _Owner) -> None:
    old = KEEPER.lower()
    assert owner.status()["other_operators"] == []
    owner.config.write_text(owner.config.read_text().replace(KEEPER, "0x" + "ab" * 20))
    assert owner("allow").exit_code == 0
    assert owner.status()["other_operators"] == [old]
    assert owner("revoke", "--operator", old).exit_code == 0
    assert owner.status()["other_operators"] == []


def test_several_operators_are_allowed_funded_looked_at_and_revoked_together(owner: _Owner) -> None:
    second = "0x" + "ab" * 20
    owner.config.write_text(owner.config.read_text().replace("key_file = ", f'more_operators = ["{second}"]\nkey_file = '))
    status = owner.status()
    assert [(each["address"], each["allowed"]) for each in status["operators"]] == [(KEEPER.lower(), True), (second, False)]
    assert [second in problem for problem in status["missing"]] == [True, True], "neither right nor gas"
    assert owner("allow").exit_code == 0
    assert owner("fund", "--gas", 0.5).exit_code == 0
    status = owner.status()
    assert status["missing"] == []
    assert int(status["operators"][1]["gas_wei"]) == 5 * 10**17
    assert owner.cli("executor", "status", "--config", owner.config).stdout.count("may act") == 2
    assert owner("revoke").exit_code == 0
    assert [each["allowed"] for each in owner.status()["operators"]] == [False, False]


def test_a_dry_run_shows_and_tries_everything_and_sends_nothing(owner: _Owner) -> None:
    before = owner.head()
    for command, words in (
        (("deploy", "--treasury", TREASURY), ("1. create KeeperExecutor on a new contract", "tried out: passes")),
        (("allow", "--budget-usd", 5), ("setBudget", "5.00 USD", "tried out: passes")),
        (("fund", "--gas", 0.1), ("transfer of coin", KEEPER.lower(), "tried out: passes")),
        (("sweep", "--margin", 10), ("recover", "withdraw(", "2. sweep", "10.000000 USDC go to the treasury")),
        (("revoke",), ("setOperator", "may no longer execute plans")),
    ):
        result = owner(*command, "--dry-run")
        assert result.exit_code == 0, result.output
        assert all(word in result.stdout for word in words), result.stdout
        assert result.stdout.count("tried out: passes") == result.stdout.count("effect:")
        listed = json.loads(owner(*command, "--dry-run", "--json").stdout)
        assert listed["from"] == EXECUTOR_OWNER.lower()
        assert listed["would_send"][0]["data"].startswith("0x")
    assert owner.head() == before


def test_owner_and_operator_are_two_keys(owner: _Owner) -> None:
    result = owner("allow", key="key.json")
    assert result.exit_code == 2
    assert "is executors.devnet.operator. Owner and operator must be two keys" in result.stderr
    result = owner("deploy", "--treasury", KEEPER)
    assert result.exit_code == 2
    assert "A hot key must not receive what leaves the executor" in result.stderr


def test_somebody_elses_key_is_refused(owner: _Owner) -> None:
    stranger = Account.create()
    keystore = Account.encrypt(stranger.key, "devnet", kdf="pbkdf2", iterations=1_000)
    owner.config.with_suffix(".stranger.json").touch(mode=0o600)
    owner.config.with_suffix(".stranger.json").write_text(json.dumps(keystore))
    result = owner("revoke", key="stranger.json")
    assert result.exit_code == 2
    assert f"its owner is {EXECUTOR_OWNER.lower()}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fund",), "nothing to send: name --margin USD, --gas AMOUNT, or both"),
        (("fund", "--margin", 10**9), "Send it some, or name less"),
        (("fund", "--margin", 1, "--venue", "gmx"), "--venue gmx: not configured"),
        (("sweep", "--token", "usdc"), "--token: 'usdc' is not an address"),
        (("exchange", "--token", "weth", "--pool", "0x1", "--feed", "0x1"), "--token: 'weth' is not an address"),
        (("exchange", *_NOWHERE), "the executor cannot come to hold it on perp_v2"),
        (("exchange", *_NOWHERE, "--max-slippage-ppm", 10**6), "a sale for nothing"),
        (("deploy", "--treasury", "0x1"), "--treasury: '0x1' is not an address"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(owner: _Owner, arguments: tuple[str, ...], words: str) -> None:
    result = owner(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_step_that_would_revert_is_named_and_not_sent(owner: _Owner) -> None:
    before = owner.head()
    result = owner("sweep", "--margin", 10**8)
    assert result.exit_code == 1
    assert "recover would fail: V_NEFC" in result.stderr
    assert "FAILS, V_NEFC" in owner("sweep", "--margin", 10**8, "--dry-run").stdout
    assert owner.head() == before


def test_a_contract_of_an_earlier_version_is_named(owner: _Owner) -> None:
    owner.use(owner.devnet.deployment.core.vault)
    result = owner.cli("executor", "status", "--config", owner.config)
    assert result.exit_code == 2
    assert "is no KeeperExecutor of this version; run `keeper executor deploy`" in result.stderr


def test_the_status_for_people(owner: _Owner) -> None:
    result = owner.cli("executor", "status", "--config", owner.config)
    assert result.exit_code == 0
    for words in ("may act", "100,000.00 USD", "exactly what plans need", "4,000,000.00 USD", "ready: the operator can act"):
        assert words in result.stdout


def test_an_exchange_is_made_allowed_and_shown(owner: _Owner) -> None:
    """A dry run sends nothing; the settings name it; the rules then let the operator sell through it."""
    deployment = owner.devnet.deployment
    weth, pool = deployment.collaterals[0], deployment.spot_pools[0].pool
    terms = ("--token", weth.token, "--pool", pool, "--feed", weth.price.aggregator, "--max-sale-usd", 5_000, "--max-slippage-ppm", 7_500)
    before = owner.head()
    dry_run = owner("exchange", *terms, "--dry-run")
    assert dry_run.exit_code == 0, dry_run.output
    assert all(words in dry_run.stdout for words in ("create UniswapV3Exchange", "at most 0.75 % below", "tried out: passes"))
    assert owner.head() == before
    creation = owner("exchange", *terms, "--json")
    assert creation.exit_code == 0, creation.output
    (exchange,) = json.loads(creation.stdout)["created"]
    assert f'add "{exchange}" to executors.devnet.exchanges' in creation.stderr
    lines = owner.config.read_text().splitlines()
    owner.config.write_text("\n".join(f'exchanges = ["{exchange}"]' if line.startswith("exchanges = ") else line for line in lines) + "\n")
    assert "is not what plans need" in owner.status()["missing"][0]
    assert owner("allow").exit_code == 0
    status = owner.status()
    assert status["missing"] == []
    assert status["exchanges"] == [
        {"address": exchange, "token": weth.token.lower(), "max_sale_raw": str(5_000 * 10**6), "max_slippage_ppm": 7_500}
    ]
    shown = owner.cli("executor", "status", "--config", owner.config).stdout
    assert "sells WETH" in shown
    assert "at most 5,000.000000 USDC at once, at most 0.75 % below the oracle" in shown


def test_what_no_target_needs_is_shown_for_the_owner_to_sweep(owner: _Owner) -> None:
    """Beyond the margin's target, and tokens that nothing sells."""
    deployment = owner.devnet.deployment
    mints = [(deployment.usdc, 300 * 10**6), *((item.token, 10**item.decimals) for item in deployment.collaterals)]
    for token, amount in mints:
        data = calldata("mint(address,uint256)", deployment.executor, amount)
        owner.devnet.rpc.call("eth_sendTransaction", {"from": deployment.owner, "to": token, "data": data})
    assert [row["symbol"] for row in owner.status()["surplus"]] == ["USDC"]
    text = owner.config.read_text()
    owner.config.write_text(text.replace("margin_target_usd = 4000000", "margin_target_usd = 4000100"))
    assert [(row["symbol"], row["amount_raw"]) for row in owner.status()["surplus"]] == [("USDC", str(200 * 10**6))]
    shown = owner.cli("executor", "status", "--config", owner.config).stdout
    assert "perp_v2: margin lacks" in shown
    assert "200.000000 USDC: `keeper executor sweep --token" in shown


def test_an_exchange_of_another_executor_is_named(owner: _Owner) -> None:
    text = owner.config.read_text()
    owner.config.write_text(text.replace(owner.devnet.deployment.spot_pools[0].exchange, owner.devnet.deployment.core.vault))
    assert any("sells nothing of" in problem for problem in owner.status()["missing"])
    refused = owner("allow")
    assert refused.exit_code == 2
    assert "make one with `keeper executor exchange`" in refused.stderr
