"""A recorded run on the real contracts, replayed from its lake alone: the same candidates and decisions, and a changed limit shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keeper.lake.place import LakePlace
from keeper.lake.reader import LakeReader
from keeper.settings import load
from tests.chaos.harness import caught_up, harness

pytestmark = [pytest.mark.fork, pytest.mark.slow]

_DECIDED = "SELECT candidate_id, block_number, account, action, reason FROM decisions WHERE stage = 'decide' ORDER BY block_number"


@dataclass(frozen=True, slots=True)
class Recording:
    """The settings of a run that is over; its chain is gone."""

    config: Path

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A query on its lake."""
        settings = load(self.config, {}).settings
        with LakeReader(LakePlace.at(settings.lake.dir).keeper, settings.scopes()[0].chain.id) as lake:
            return lake.rows(sql)

    def replay(self, *options: str, **environment: str) -> tuple[int, str]:
        """`keeper replay`: exit code and what it printed (both streams, so that a failure explains itself)."""
        command = [sys.executable, "-m", "keeper", "replay", "--config", str(self.config), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
        return done.returncode, done.stdout + done.stderr

    def replayed(self, **environment: str) -> tuple[int, Mapping[str, Any]]:
        """The same with --json, read."""
        code, printed = self.replay("--json", **environment)
        told: Mapping[str, Any] = json.loads(printed)
        return code, told


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A shock with the daemon simulating; it is stopped and started again on the way, so that a restart is part of the record."""
    directory = tmp_path_factory.mktemp("recording")
    with harness(directory) as stage:
        with stage.keeper("--mode", "simulate") as keeper:
            caught_up(keeper, stage)
            step = stage.play("shock", blocks=10)
            caught_up(keeper, stage)
            stage.devnet.rpc.call("anvil_reorg", 2, [])
            stage.quiet(2)
            caught_up(keeper, stage)
            keeper.stop()
        with stage.keeper("--mode", "simulate") as keeper:
            stage.play("shock", first_step=step, blocks=10)
            caught_up(keeper, stage)
            keeper.stop()
    return Recording(directory / "keeper.toml")


def test_the_same_candidates_and_decisions_come_out(recording: Recording) -> None:
    decided = recording.rows(_DECIDED)
    code, told = recording.replayed()
    assert (code, told["differences"]) == (0, [])
    assert told["candidates"] == told["recorded"] == len(decided) == len({row["candidate_id"] for row in decided})
    assert sum(row["action"] == "liquidate" for row in decided) >= 20, "a record without decisions proves nothing"
    assert {row["reason"] for row in decided if row["action"] == "skip"}, "nor does one in which everything is liquidated"
    assert told["blocks"] == recording.rows("SELECT count(*) AS n FROM blocks WHERE NOT recovered")[0]["n"]


def test_a_changed_limit_is_reported_candidate_by_candidate(recording: Recording) -> None:
    decided = {row["candidate_id"]: row for row in recording.rows(_DECIDED)}
    code, told = recording.replayed(PERP_KEEPER__LIMITS__MIN_PROFIT_USD="100000")
    assert code == 1
    found = {row["candidate_id"]: row for row in told["differences"]}
    assert found.keys() == {key for key, row in decided.items() if row["action"] == "liquidate"}
    assert {row["replayed"] for row in found.values()} == {"unprofitable"}
    assert all(row["recorded"].startswith("liquidate ") for row in found.values())
    assert all(row["block"] == decided[key]["block_number"] for key, row in found.items())


def test_a_denied_account_alone_is_reported(recording: Recording) -> None:
    denied = next(row["account"] for row in recording.rows(_DECIDED) if row["action"] == "liquidate")
    expected = {row["candidate_id"] for row in recording.rows(_DECIDED) if row["account"] == denied and row["action"] == "liquidate"}
    code, told = recording.replayed(PERP_KEEPER__LIMITS__DENY=denied)
    assert code == 1
    assert {row["candidate_id"] for row in told["differences"] if row["recorded"].startswith("liquidate ")} == expected


def test_a_person_is_told_the_same(recording: Recording) -> None:
    code, printed = recording.replay(PERP_KEEPER__LIMITS__MIN_PROFIT_USD="100000")
    assert code == 1
    assert "unprofitable" in printed
