"""`keeper devnet up`: ready settings for what it brought up, and Ctrl-C ends it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.devnet import Deployment
from tests.keeper.commands.conftest import Cli

_COMMAND = (sys.executable, "-m", "keeper", "devnet", "up", "--traders", "5", "--seed", "3", "--port", "0", "--interval", "0.1")


def test_an_unknown_path_is_refused_with_the_known_ones(keeper: Cli, tmp_path: Path) -> None:
    told = keeper("devnet", "up", "--path", "moonshot", "--dir", tmp_path)
    assert told.exit_code == 2
    assert "moonshot" in told.stderr
    assert "staircase" in told.stderr


@pytest.mark.fork
def test_its_settings_are_those_of_a_keeper_for_it_and_ctrl_c_ends_it(keeper: Cli, tmp_path: Path) -> None:
    with subprocess.Popen([*_COMMAND, "--dir", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        time.sleep(0.5)
        told = keeper("positions", "--config", tmp_path / "keeper.toml", "--json")
        checked = keeper("check-config", "--config", tmp_path / "keeper.toml")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["block"] > Deployment.load(tmp_path / "deployment.json").ready_block
    assert len(Deployment.load(tmp_path / "deployment.json").traders) == 5
    assert any(f"keeper run --config {tmp_path / 'keeper.toml'}" in line for line in said)
    assert checked.exit_code == 0, checked.output
