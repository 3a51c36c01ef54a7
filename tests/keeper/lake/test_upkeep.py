"""The lake's upkeep runs beside the recorder, knows no secret, fails without harm, and ends with whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keeper.lake import upkeep_process
from keeper.lake.connection import connect
from keeper.lake.options import LakeOptions
from keeper.lake.place import CatalogPlace, LakePlace
from keeper.lake.upkeep import order, tidy, tidy_if_many
from keeper.lake.upkeep_process import UpkeepProcess
from keeper.lake.write_turn import write_turn
from tests.keeper.lake.conftest import Rows
from tests.keeper.lake.one_chain import OneChain

_Open = Callable[..., OneChain]
_Ask = Callable[[str], list[tuple[Any, ...]]]
_FILES = "SELECT file_count FROM ducklake_table_info('lake') WHERE table_name = 'venue_events'"


def _write(recorder: OneChain, rows: Rows, blocks: int) -> None:
    for number in range(blocks):
        recorder.block(rows.block(number), [rows.event(rows.block(number))])
        recorder.flush()


def test_small_files_are_merged_table_by_table(recorder: _Open, ask: _Ask, rows: Rows, options: LakeOptions) -> None:
    _write(recorder(), rows, 5)
    assert ask(_FILES) == [(5,)]
    tidy(options.place.keeper, 0, 1)
    assert ask(_FILES) == [(1,)]
    assert ask("SELECT count(DISTINCT block_hash) FROM venue_events") == [(5,)]


def test_who_writes_now_and_then_tidies_when_there_is_much_to_merge(tmp_path: Path) -> None:
    place = LakePlace.at(tmp_path).market
    with connect(place) as connection:
        connection.execute("CREATE TABLE numbers (a BIGINT)")
        for number in range(32):
            if number == 31:
                assert not tidy_if_many(place, 0)
            connection.execute("INSERT INTO numbers VALUES (?)", [number])
    assert tidy_if_many(place, 0)
    with connect(place) as connection:
        assert connection.execute("SELECT file_count FROM ducklake_table_info('lake')").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*), sum(a) FROM numbers").fetchall() == [(32, 496)]


def test_it_waits_its_turn_and_ends_with_its_parent(recorder: _Open, rows: Rows, options: LakeOptions) -> None:
    """Somebody else holds the lock: what cannot get it is stopped by nobody but its parent's end."""
    _write(recorder(), rows, 2)
    with write_turn(options.place.keeper):
        child = subprocess.Popen([sys.executable, "-m", "keeper.lake.upkeep"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdin is not None
        child.stdin.write(f"{order(options.place.keeper, 0, 1)}\n".encode())
        child.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(3)
        child.stdin.close()
        assert child.wait(10) == 1
        assert child.stderr is not None
        child.stderr.close()


def test_a_failure_is_told_and_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "catalog.sqlite").write_text("this is no lake at all")
    with UpkeepProcess(LakePlace.at(tmp_path / "lake").keeper, 0) as process:
        process.start()
        deadline = time.monotonic() + 60
        while process.problem is None and time.monotonic() < deadline:
            time.sleep(0.2)
            process.start()
    assert process.problem is not None
    assert process.problem.startswith("the lake's upkeep failed: ")
    assert "no lake" in process.problem


def test_its_environment_holds_no_secret(tmp_path: Path) -> None:
    environ = {
        "PATH": "/bin",
        "PERP_KEEPER_PASSWORD": "s",
        "PERP_KEEPER__CHAINS__DEVNET__RPC_URLS": "https://k",
        "PGPASSWORD": "p",
        "AWS_X": "a",
    }
    assert upkeep_process.environment(environ, LakePlace.at(tmp_path).keeper) == {"PATH": "/bin"}
    served = CatalogPlace(catalog="postgres:dbname=lake", data_path="/data/")
    stored = CatalogPlace(catalog="sqlite:catalog.sqlite", data_path="s3://lake/")
    for place in (served, stored):
        assert upkeep_process.environment(environ, place) == {"PATH": "/bin", "PGPASSWORD": "p", "AWS_X": "a"}


def test_leaving_ends_a_run_at_work(recorder: _Open, rows: Rows, options: LakeOptions) -> None:
    _write(recorder(), rows, 2)
    with write_turn(options.place.keeper):
        with UpkeepProcess(options.place.keeper, 0) as process:
            process.start()
            deadline = time.monotonic() + 10
            while not (pids := _children("keeper.lake.upkeep")) and time.monotonic() < deadline:
                time.sleep(0.01)  # its command line is there a moment after it has begun
            (pid,) = pids
        assert not Path(f"/proc/{pid}").exists()


def _children(module: str) -> list[int]:
    """Our own children that run a module."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == os.getpid() and module in (entry / "cmdline").read_text():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found
