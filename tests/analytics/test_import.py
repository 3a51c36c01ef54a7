"""`analytics import` as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest

from analytics.cli import main

FIXTURES = Path(__file__).parent / "sources" / "fixtures"


def test_import_prints_what_became_of_each_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows, duplicates, rejects; the second time nothing is new and it says so."""
    arguments = ["import", "binance_force_orders", str(FIXTURES / "force_orders.csv"), "--lake", str(tmp_path)]
    assert main([*arguments, "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["rejects"], report["duplicates"]) == (5, 4, 0)
    assert main(arguments) == 0
    assert "this file is in the lake already" in capsys.readouterr().out
    assert main(["query", "--json", "SELECT count(*) AS n FROM stg_market_rejects", "--lake", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 4}]


def test_auto_looks_at_each_file_and_imports_contract_sizes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of many kinds in one go."""
    assert main(["import", "auto", str(FIXTURES), "--lake", str(tmp_path), "--json"]) == 0
    kinds = {report["kind"]: report for report in json.loads(capsys.readouterr().out)}
    assert kinds["okx_liquidations"]["rows"] == 2
    assert len(kinds) == 11


def test_a_folder_is_taken_with_what_is_below_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Recordings come in folders of folders; hidden files are the system's."""
    below = tmp_path / "event" / "open interest"
    below.mkdir(parents=True)
    shutil.copy(FIXTURES / "force_orders.csv", tmp_path / "event")
    shutil.copy(FIXTURES / "AAA_oi_5m.csv", below)
    (below / ".DS_Store").write_text("x")
    assert main(["import", "auto", str(tmp_path / "event"), "--lake", str(tmp_path / "lake"), "--json"]) == 0
    assert {report["kind"] for report in json.loads(capsys.readouterr().out)} == {"binance_force_orders", "binance_metrics"}


def test_a_refused_file_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other files are imported all the same."""
    bad = tmp_path / "bad.csv"
    bad.write_text("nothing\n")
    good = FIXTURES / "tardis_coin_m.csv"
    assert main(["import", "tardis_trades", str(bad), str(good), "--lake", str(tmp_path / "lake")]) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith(f"analytics: 1 of 2 files not imported, first {bad}: is not a tardis_trades file: ")
    assert "Traceback" not in shown.err
    assert "tardis_coin_m.csv" in shown.out


def test_kinds_and_wrong_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`kinds` lists them; an unknown kind and a call without files say what is wanted."""
    assert main(["import", "kinds"]) == 0
    assert "hyperliquid_fills" in capsys.readouterr().out
    assert main(["import", "ftx", "x.csv", "--lake", str(tmp_path)]) == 1
    assert "unknown kind 'ftx'; known kinds: keeper" in capsys.readouterr().err
    assert main(["import", "tardis_trades", "--lake", str(tmp_path)]) == 2
    assert "name at least one file or folder" in capsys.readouterr().err
    assert main(["import", "--help"]) == 0
    assert "analytics import binance_force_orders liq_data.csv" in capsys.readouterr().out
