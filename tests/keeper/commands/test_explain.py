"""`keeper explain` on the real contracts: every figure equal, the decision with its plan, and a mend for what cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.devnet import Devnet, MarketDriver, account_views
from tests.keeper.commands.conftest import Cli

pytestmark = pytest.mark.fork


@pytest.mark.parametrize("style", ["taker", "both", "maker", "collateral"])
def test_every_figure_the_contract_has_equals_ours(keeper: Cli, config: Path, devnet: Devnet, style: str) -> None:
    account = next(trader.address for trader in devnet.deployment.traders if trader.style == style)
    result = keeper("explain", "perp_v2", account, "--config", config, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["account"] == account.lower()
    assert all(term["equal"] for term in answer["terms"])
    assert sum(term["chain_raw"] is not None for term in answer["terms"]) >= 5, "a comparison with nothing proves nothing"
    (view,) = account_views(devnet.rpc, devnet.deployment, [account], answer["block_hash"]).values()
    assert (int(answer["equity_raw"]), int(answer["requirement_raw"])) == (view.account_value_18, view.requirement_18)
    assert (answer["breach"], answer["action"], answer["decision"]) == (None, None, "none: the account is healthy")


def test_a_breached_account_comes_with_the_decision_and_the_calls_of_its_plan(keeper: Cli, config: Path, devnet: Devnet) -> None:
    longs = [t.address for t in devnet.deployment.traders if t.style == "taker" and t.positions[0].side == "long"]
    before = int(devnet.rpc.call("eth_blockNumber"), 16)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        for market in devnet.deployment.markets:
            driver.move(market.name, market.start_price_8 * 85 // 100)
    victim = next(key for key, view in account_views(devnet.rpc, devnet.deployment, longs).items() if view.liquidatable)
    answer = json.loads(keeper("explain", "perp_v2", victim, "--config", config, "--json").stdout)
    assert (answer["breach"], answer["action"], answer["reason"]) == ("positions", "liquidate", None)
    printed = keeper("explain", "perp_v2", victim, "--config", config)
    assert printed.exit_code == 0
    assert "DIFFERS" not in printed.stdout
    assert "breach: positions" in printed.stdout
    assert "decision: liquidate" in printed.stdout
    assert f"liquidate            {devnet.deployment.core.clearing_house.lower()} 0x" in printed.stdout
    decision = keeper("explain", "perp_v2", victim, "--config", config, environment={"PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "100000"})
    assert "decision: skip, unprofitable" in decision.stdout
    then = json.loads(keeper("explain", "perp_v2", victim, "--config", config, "--json", "--block", before).stdout)
    assert (then["block"], then["breach"]) == (before, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("perp_v2", "0x" + "12" * 20), ("perp_v2 knows no account 0x1212", "`keeper positions` lists them")),
        (("gmx", "0x" + "12" * 20), ("venue gmx is not configured", "Configured: perp_v2")),
        (("perp_v2", "0x1234"), ("0x1234", "0x and 40 or 64 hex digits")),
        (("perp_v2", "alice"), ("alice", "0x and 40 or 64 hex digits")),
    ],
)
def test_what_cannot_be_asked_ends_with_2_and_the_mend(
    keeper: Cli, config: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = keeper("explain", *arguments, "--config", config)
    assert result.exit_code == 2
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


def test_another_chains_id_is_refused_before_anything_is_told(keeper: Cli, config: Path) -> None:
    result = keeper("explain", "perp_v2", "0x" + "12" * 20, "--config", config, environment={"PERP_KEEPER__CHAINS__DEVNET__ID": "10"})
    assert result.exit_code == 2
    assert "31337" in result.stderr
    assert "10" in result.stderr
