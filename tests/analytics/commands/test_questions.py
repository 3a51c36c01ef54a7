"""The analyst's commands: answers in every form, empty results with their reason, and one line for what cannot be read."""

import json
from pathlib import Path

import pytest

from analytics.cli import main

WINDOWED = (
    "events",
    "episodes",
    "waves",
    "amplification",
    "activation",
    "depth",
    "fragmentation",
    "concentration",
    "regime",
    "together",
    "spot-ratio",
    "hours",
    "leaders",
    "missed",
    "keepers",
    "bad-debt",
)
ALL = (*((name,) for name in WINDOWED), ("signals", "ETH"), ("map", "ETH"))


@pytest.mark.parametrize("command", ALL, ids=lambda command: command[0])
def test_on_a_terminal(command: tuple[str, ...], cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--lake", str(cascade)]) == 0
    told = capsys.readouterr()
    assert told.out.strip()
    assert told.err == ""


@pytest.mark.parametrize("command", WINDOWED)
def test_an_empty_range_is_an_empty_result_with_its_reason(command: str, cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--lake", str(cascade), "--since", "1999-01-01", "--until", "1999-01-02", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == []
    assert found["reason"]


@pytest.mark.parametrize("command", [*WINDOWED, "signals"])
def test_a_lake_with_nothing_in_it(command: str, nothing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, *(["ETH"] if command == "signals" else []), "--lake", str(nothing)]) == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ["events", "--since", "yesterday"],
        ["episodes", "--since", "2025-01-02", "--until", "2025-01-01"],
        ["map", "ETH", "--at", "noon"],
        ["signals", "ETH", "--at", "25:00"],
        ["report", "never"],
        ["fragmentation", "--fee", "binance"],
        ["fragmentation", "--fee", "binance=0.5%"],
        ["report", "2025-03-21T00:00"],
        ["export", "2025-01-02/2025-01-01"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: list[str], cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--lake", str(cascade)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)


def test_the_map_in_its_forms(cascade: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", "ETH", "--lake", str(cascade), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mark_usd"] == 100.0
    assert len(found["bins"]["rows"]) == 4
    assert len(found["asymmetry"]["rows"]) == 5
    assert [row["side"] for row in found["gain"]["rows"]] == ["long", "short"]
    assert main(["map", "ETH", "--lake", str(cascade), "--csv"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].replace('"', "").startswith("low_usd,high_usd,long_usd")
    assert "potential, not promise" in told.err
    assert main(["map", "ETH", "--lake", str(cascade), "--at", "2000-01-01"]) == 0
    assert "no open positions of ETH in a snapshot at or before 2000-01-01" in capsys.readouterr().out


def test_signals_name_every_condition(cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two-second blocks make two bars of a minute: too few, and the answer says so."""
    assert main(["signals", "ETH", "--lake", str(cascade), "--bar-minutes", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == []
    assert found["reason"].startswith("only 3 bars of 1 min of ETH")
    assert any("squeeze entry needs 26 bars" in note for note in found["notes"])


@pytest.mark.parametrize("form", [[], ["--csv"]])
def test_export_writes_every_table(form: list[str], cascade: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "all", "--lake", str(cascade), "--out", str(tmp_path / "out"), "--json", *form]) == 0
    written = {entry["table"]: entry for entry in json.loads(capsys.readouterr().out)["files"]}
    assert {"headline", "liquidations", "regime", "map_skill", "missed", "quality"} <= set(written)
    assert written["liquidations"]["rows"] == 2
    assert all(Path(entry["file"]).stat().st_size for entry in written.values() if entry["file"])
    assert all(entry["reason"] for entry in written.values() if not entry["rows"])


def test_the_report_command(cascade: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "2025-03-21T00:00/2025-03-22", "--lake", str(cascade), "--out", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert Path(found["html"]) == tmp_path / "report.html"
    assert all(Path(image).is_file() for image in found["images"])
    assert found["sections"][0]["tables"]["headline"]["rows"][-1]["n"] == 2


def test_a_directory_that_cannot_be_written_is_one_line(cascade: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["report", "all", "--lake", str(cascade), "--out", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
