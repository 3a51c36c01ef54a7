"""A daemon whose operator may not act says so, goes on looking, and is ready again once its owner has mended it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.demo.programs import Keeper
from contracts.devnet.calldata import calldata
from tests.chaos.harness import Harness, caught_up, harness

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]


def test_an_operator_without_the_right_to_act_is_not_ready(tmp_path: Path) -> None:
    with harness(tmp_path, traders=6) as stage:
        _set_operator(stage, allowed=False)
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            operator = stage.devnet.deployment.keeper.lower()
            _until(keeper, stage, f"executor devnet: operator {operator} may not act; run `keeper executor allow`")
            _set_operator(stage, allowed=True)
            _until(keeper, stage, "ok")
            stage.devnet.rpc.call("anvil_setBalance", stage.devnet.deployment.keeper, "0x1")
            stage.quiet(60, interval=0.02)
            _until(keeper, stage, "coin for gas")
            keeper.stop()
        assert "not ready" in (tmp_path / "keeper.log").read_text()


def test_a_new_operators_own_executor_earns(tmp_path: Path) -> None:
    """From no contract to liquidations with nothing but the command line."""
    with harness(tmp_path) as stage:
        deployment = stage.devnet.deployment
        stage.devnet.rpc.call("evm_setAutomine", True)
        mint = calldata("mint(address,uint256)", deployment.executor_owner, 300_000 * 10**6)
        stage.devnet.rpc.call("eth_sendTransaction", {"from": deployment.executor_owner, "to": deployment.usdc, "data": mint})
        (executor,) = json.loads(_as_owner(stage, "deploy", "--treasury", deployment.treasury, "--json"))["created"]
        config = stage.loaded.path
        lines = [line for line in config.read_text().splitlines() if not line.startswith("exchanges = ")]
        config.write_text("\n".join(lines).replace(deployment.executor, executor))
        _as_owner(stage, "allow", "--budget-usd", "5000")
        _as_owner(stage, "fund", "--margin", "250000", "--gas", "1")
        stage.devnet.rpc.call("evm_setAutomine", False)
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            _until(keeper, stage, "ok")
            stage.play("shock", interval=0.3)
            caught_up(keeper, stage)
            keeper.stop()
        assert stage.rows("SELECT count(*) AS n FROM outcomes WHERE outcome = 'included'")[0]["n"] > 0
        status = json.loads(_keeper(stage, "status", "--json"))
        assert int(status["venues"][0]["total_raw"]) > 250_000 * 10**18


def _as_owner(stage: Harness, *arguments: str) -> str:
    config = stage.loaded.path
    key = ("--owner-key", str(config.with_suffix(".owner.key.json")), "--password-file", str(config.with_suffix(".password")))
    return _keeper(stage, *arguments, *key)


def _keeper(stage: Harness, *arguments: str) -> str:
    command = [sys.executable, "-m", "keeper", "executor", *arguments, "--config", str(stage.loaded.path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _set_operator(stage: Harness, *, allowed: bool) -> None:
    deployment = stage.devnet.deployment
    data = calldata("setOperator(address,bool)", deployment.keeper, allowed)
    stage.devnet.rpc.call("eth_sendTransaction", {"from": deployment.executor_owner, "to": deployment.executor, "data": data})
    stage.quiet()


def _until(keeper: Keeper, stage: Harness, words: str) -> None:
    deadline = time.monotonic() + 30
    while words not in (readiness := keeper.readiness()):
        keeper.must_run()
        assert time.monotonic() < deadline, f"/readyz says: {readiness}"
        stage.quiet()
        time.sleep(0.2)
