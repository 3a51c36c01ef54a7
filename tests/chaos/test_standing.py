"""A daemon whose operator may not act says so, goes on looking, and is ready again once its owner has mended it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from contracts.demo.programs import Keeper
from contracts.devnet.calldata import calldata
from tests.chaos.theatre import Theatre, caught_up, theatre

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]


def test_an_operator_without_the_right_to_act_is_not_ready(tmp_path: Path) -> None:
    with theatre(tmp_path, traders=6) as stage:
        _set_operator(stage, allowed=False)
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            _until(keeper, stage, f"executor: operator {stage.devnet.deployment.keeper.lower()} may not act; run `keeper executor allow`")
            _set_operator(stage, allowed=True)
            _until(keeper, stage, "ok")
            stage.devnet.rpc.call("anvil_setBalance", stage.devnet.deployment.keeper, "0x1")
            stage.quiet(60, interval=0.02)
            _until(keeper, stage, "coin for gas")
            keeper.stop()
        assert "not ready" in (tmp_path / "keeper.log").read_text()


def _set_operator(stage: Theatre, *, allowed: bool) -> None:
    deployment = stage.devnet.deployment
    data = calldata("setOperator(address,bool)", deployment.keeper, allowed)
    stage.devnet.rpc.call("eth_sendTransaction", {"from": deployment.executor_owner, "to": deployment.executor, "data": data})
    stage.quiet()


def _until(keeper: Keeper, stage: Theatre, words: str) -> None:
    deadline = time.monotonic() + 30
    while words not in (told := keeper.readiness()):
        keeper.must_run()
        assert time.monotonic() < deadline, f"/readyz says: {told}"
        stage.quiet()
        time.sleep(0.2)
