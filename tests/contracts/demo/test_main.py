"""`python -m contracts.demo`: its options."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("names", ["perp_v2,gmx", "gmx", ""])
def test_an_unknown_venue_is_refused_with_the_known_ones(names: str) -> None:
    command = [sys.executable, "-m", "contracts.demo", "--venues", names]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "there are perp_v2, synthetix_v3" in answer.stderr


@pytest.mark.parametrize("options", [["--rivals", "gambling"], ["--rivals", "reacting,gambling"]])
def test_an_unknown_rival_is_refused_with_the_known_ones(options: list[str]) -> None:
    answer = subprocess.run([sys.executable, "-m", "contracts.demo", *options], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "there are reacting, front_running, sniping" in answer.stderr


def test_rivals_are_refused_where_they_cannot_play() -> None:
    command = [sys.executable, "-m", "contracts.demo", "--rivals", "reacting", "--venues", "synthetix_v3"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "they play on perp_v2 alone" in answer.stderr
