"""Rivals beside a keeper: watched over while they run, and told apart in the lake."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from contracts.demo.answers import ask, ask_missed
from contracts.demo.programs import ProgramFailed
from contracts.demo.rivals import RivalProgram, running_rivals
from contracts.devnet.rivals import place_rivals
from tests.chaos.harness import caught_up, harness


def test_one_that_ended_is_named_with_what_it_said_last(tmp_path: Path) -> None:
    log = tmp_path / "rival.log"
    log.write_text("no such chain\n")
    words = "the reacting rival ended with exit code 0:\nno such chain"
    with (
        subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE, text=True) as process,
        pytest.raises(ProgramFailed, match=words),
    ):
        RivalProgram("reacting", process, log).wait_ready()


@pytest.mark.fork
def test_while_the_keeper_only_observes_a_rival_takes_everything_and_the_reason_says_so(tmp_path: Path) -> None:
    with harness(tmp_path) as stage:
        (rival,) = place_rivals(stage.devnet, ("reacting",))
        with stage.keeper("--mode", "observe") as keeper:
            caught_up(keeper, stage)
            with running_rivals(stage.devnet, (rival,), tmp_path) as (program,):
                stage.play("staircase", blocks=36, interval=0.25)
                program.must_run()
            caught_up(keeper, stage)
            keeper.stop()
        lake = stage.loaded.settings.lake.dir
        liquidations = ask(lake, stage.devnet.deployment.chain_id).liquidations
        assert len(liquidations) >= 3
        assert {(row["liquidator"], row["ours"]) for row in liquidations} == {(rival.executor.lower(), False)}
        losses = Counter(row["reason"] for row in ask_missed(lake) if row["liquidator"] == rival.executor.lower())
        assert losses["observing only"] >= 3
