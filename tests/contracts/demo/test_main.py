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
