"""The command line: help with examples for every command, exit codes, never a stack trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics.cli import build_app, main
from tests.analytics.keeper_lake import Rows, example_blocks, write_lake

COMMANDS = [command.name or (command.callback.__name__ if command.callback else "") for command in build_app().registered_commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An analyst starts there."""
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert f"analytics {command}" in out


@pytest.mark.parametrize(
    "arguments", [[], ["unknown"], ["query"], ["query", "--json", "--csv", "SELECT 1"], ["summary", "--since", "yesterday"]]
)
def test_a_wrong_call_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With what would have been right."""
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert "Usage: analytics" in told.out + told.err


@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["summary"]])
def test_no_lake_is_exit_code_2_and_one_line(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says how to name one."""
    assert main([*command, "--lake", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "--lake" in told.err


def test_a_file_that_cannot_be_written_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The system's own words."""
    write_lake(tmp_path, {1: []})
    assert main(["query", "--lake", str(tmp_path), "--parquet", str(tmp_path / "no" / "file"), "SELECT 1"]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_the_summary_on_a_terminal_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shape of the 21 March 2025 table, with n, quality, window and the reasons of what was left alone."""
    write_lake(tmp_path, example_blocks() | {9: [Rows(9).skip("alice", "unprofitable")]})
    assert main(["summary", "--lake", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for expected in ("78,470,000.00", "79.25", "70.32", "92.35", "145,180,000.00", "77.42", "n = 6 liquidations of 6 accounts", "exact"):
        assert expected in out
    assert "4 blocks (1 to 9), 2025-03-21 00:00:02 to 2025-03-21 00:00:18 UTC" in out
    assert "unprofitable" in out
    assert main(["summary", "--lake", str(tmp_path), "--json", "--until", "2025-03-21T00:00:04"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["market"] for row in found["markets"]] == ["BTC", "total"]
    assert (found["n"], found["quality"], found["skips"]) == (2, "exact", [])
    assert found["window"]["first_block_time"] == "2025-03-21T00:00:02Z"


def test_an_empty_window_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No table of nothing."""
    write_lake(tmp_path, example_blocks())
    assert main(["summary", "--lake", str(tmp_path), "--since", "2026-01-01"]) == 0
    assert "no liquidations in this window: the lake has no blocks in it" in capsys.readouterr().out
