"""`keeper positions` on the real contracts: everybody, nearest first, with the contracts' own figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.devnet import Devnet, MarketDriver, account_views
from tests.keeper.commands.conftest import Cli

pytestmark = pytest.mark.fork


def test_every_account_has_the_contracts_own_figures_and_the_nearest_comes_first(keeper: Cli, config: Path, devnet: Devnet) -> None:
    result = keeper("positions", "--config", config, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    local = {row["account"]: (int(row["equity_raw"]), int(row["requirement_raw"])) for row in answer["accounts"]}
    views = account_views(devnet.rpc, devnet.deployment, list(local), hex(answer["block"]))
    assert local == {account: (view.account_value_18, view.requirement_18) for account, view in views.items()}
    opened = {trader.address.lower() for trader in devnet.deployment.traders if trader.style != "late"}
    assert opened <= local.keys()
    distances = [row["distance"] for row in answer["accounts"] if row["distance"] is not None]
    assert distances == sorted(distances)
    assert 0 < distances[0] < 0.2, "somebody with nearly ten times leverage stands near"


def test_at_risk_gives_the_head_of_the_same_list(keeper: Cli, config: Path) -> None:
    everybody = json.loads(keeper("positions", "--config", config, "--json").stdout)["accounts"]
    few = json.loads(keeper("positions", "--config", config, "--json", "--at-risk", 3).stdout)["accounts"]
    assert few == everybody[:3]


def test_liquidatable_accounts_stand_at_distance_zero_and_an_older_block_knows_nothing_of_it(
    keeper: Cli, config: Path, devnet: Devnet
) -> None:
    before = int(devnet.rpc.call("eth_blockNumber"), 16)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        for market in devnet.deployment.markets:
            driver.move(market.name, market.start_price_8 * 85 // 100)
    now = json.loads(keeper("positions", "--config", config, "--json").stdout)
    breached = [row for row in now["accounts"] if row["breach"]]
    assert breached
    assert {row["distance"] for row in breached} == {0.0}
    assert now["accounts"][: len(breached)] == breached
    then = json.loads(keeper("positions", "--config", config, "--json", "--block", before).stdout)
    assert then["block"] == before
    assert [row for row in then["accounts"] if row["breach"]] == []
    table = keeper("positions", "--config", config, environment={"COLUMNS": "80"}).stdout
    assert "liquidatable (positions)" in table
    assert all(f"\n{row['account']}  " in table for row in now["accounts"]), "an account that is cut cannot be pasted into explain"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--venue", "gmx"), "venue gmx is not configured. Configured: perp_v2."),
        (("--at-risk", "0"), "--at-risk"),
    ],
)
def test_what_cannot_be_asked_ends_with_2_and_says_what_can(keeper: Cli, config: Path, arguments: tuple[str, ...], words: str) -> None:
    result = keeper("positions", "--config", config, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_block_that_does_not_exist_yet_is_one_line(keeper: Cli, config: Path) -> None:
    result = keeper("positions", "--config", config, "--block", 10**9)
    assert result.exit_code == 2
    assert f"--block {10**9}: there is no such block. The head is block" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_endpoint_that_is_down_is_one_line(keeper: Cli, config: Path) -> None:
    down = {"PERP_KEEPER__CHAINS__DEVNET__RPC_URLS": "http://127.0.0.1:9", "PERP_KEEPER__CHAINS__DEVNET__REQUEST_TIMEOUT_S": "1"}
    result = keeper("positions", "--config", config, environment=down)
    assert result.exit_code == 1
    assert "error" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
