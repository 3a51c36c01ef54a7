"""`make devnet`: ready settings for what it brought up, and Ctrl-C ends it."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from contracts.devnet import Anvil, AnvilOptions, Deployment
from contracts.devnet.synthetix_v3 import SynthetixDeployment

_DEVNET = (sys.executable, "-m", "contracts.devnet")
_SMALL = ("--traders", "5", "--seed", "3", "--port", "0", "--interval", "0.1")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _ask(service: str, path: str) -> Any:
    connection = http.client.HTTPConnection(urlsplit(service).netloc, timeout=10)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_help_explains_every_option_with_an_example() -> None:
    answer = _run([*_DEVNET, "--help"])
    assert answer.returncode == 0
    assert "make devnet ARGS=" in answer.stdout
    for option in ("--venue", "--traders", "--seed", "--port", "--dir", "--path", "--block-seconds", "--interval"):
        assert option in answer.stdout


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--path", "moonshot", "staircase"),
        ("--traders", "0", "0 is less than 1"),
        ("--interval", "0.01", "0.01 is less than 0.05"),
        ("--block-seconds", "fast", "invalid int value: 'fast'"),
    ],
)
def test_a_bad_option_is_refused_with_the_reason(option: str, value: str, reason: str) -> None:
    answer = _run([*_DEVNET, option, value])
    assert answer.returncode == 2
    assert option in answer.stderr
    assert reason in answer.stderr


@pytest.mark.fork
def test_a_port_in_use_is_one_line(anvil: Callable[[AnvilOptions], Anvil], tmp_path: Path) -> None:
    port = anvil(AnvilOptions()).url.rpartition(":")[2]
    answer = _run([*_DEVNET, "--port", port, "--dir", str(tmp_path)])
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1
    assert port in answer.stderr


@pytest.mark.fork
def test_its_settings_are_those_of_a_keeper_for_it_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    config = tmp_path / "keeper.toml"
    with subprocess.Popen([*_DEVNET, *_SMALL, "--dir", str(tmp_path)], stdout=subprocess.PIPE, text=True) as devnet:
        assert devnet.stdout is not None
        lines = []
        for line in devnet.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        positions = _run([sys.executable, "-m", "keeper", "positions", "--config", str(config), "--json"])
        check = _run([sys.executable, "-m", "keeper", "check-config", "--config", str(config)])
        devnet.send_signal(signal.SIGINT)
        assert devnet.wait(20) == 0
    assert positions.returncode == 0, positions.stderr
    assert json.loads(positions.stdout)["block"] > Deployment.load(tmp_path / "deployment.json").ready_block
    assert len(Deployment.load(tmp_path / "deployment.json").traders) == 5
    assert any(f"keeper run --config {config}" in line for line in lines)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.fork
@pytest.mark.usefixtures("synthetix_v3_compiled")
def test_synthetix_comes_up_on_the_clocks_time_with_its_prices_beside_it(tmp_path: Path) -> None:
    options = ("--venue", "synthetix_v3", "--dir", str(tmp_path))
    with subprocess.Popen([*_DEVNET, *_SMALL, *options], stdout=subprocess.PIPE, text=True) as devnet:
        assert devnet.stdout is not None
        lines = []
        for line in devnet.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        deployment = SynthetixDeployment.load(tmp_path / "deployment.json")
        settings = tomllib.loads((tmp_path / "keeper.toml").read_text())
        (prices,) = settings["oracles"]["devnet"]["urls"]
        (answer,) = _ask(prices, f"/v2/updates/price/latest?ids[]={deployment.markets[0].price_id}")["parsed"]
        devnet.send_signal(signal.SIGINT)
        assert devnet.wait(20) == 0
    assert len(deployment.traders) == 5
    assert int(answer["price"]["price"]) == deployment.markets[0].start_price_8
    assert abs(answer["price"]["publish_time"] - time.time()) < 60
    assert any(line.startswith("prices") and prices in line for line in lines)
