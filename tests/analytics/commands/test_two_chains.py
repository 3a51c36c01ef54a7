"""Commands on a lake with one venue name on two chains."""

import json
from pathlib import Path

import pytest

from analytics.cli import main
from tests.analytics.two_chains import FIRST, LABELS, SECOND


@pytest.mark.parametrize("command", ["missed", "keepers", "regime", "bad-debt", "activation"])
def test_a_terminal_shows_the_chain_where_the_name_is_not_enough(
    command: str, two_chains: Path, cascade: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = []
    for directory in (two_chains, cascade):
        assert main([command, "--lake", str(directory)]) == 0
        shown.append(capsys.readouterr().out)
    assert ["chain_id" in text for text in shown] == [True, False]
    assert str(SECOND) in shown[0]


@pytest.mark.parametrize(("chain", "mark"), [(FIRST, 100.0), (SECOND, 200.0)])
def test_the_map_of_a_chain(two_chains: Path, chain: int, mark: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", "ETH", "--lake", str(two_chains), "--venue", "perp_v2", "--chain", str(chain), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mark_usd"] == mark


def test_the_summary_of_both_and_of_one(two_chains: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "--lake", str(two_chains)]) == 0
    output = capsys.readouterr().out
    assert all(f"ETH of {label}" in output for label in LABELS)
    assert "120 blocks (chain 10: 1 to 60, chain 8453: 1000001 to 1000060)" in output
    assert main(["summary", "--lake", str(two_chains), "--chain", str(SECOND)]) == 0
    output = capsys.readouterr().out
    assert "ETH of" not in output
    assert "60 blocks (1000001 to 1000060)" in output
