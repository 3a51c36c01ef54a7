"""`analytics query`: one question, one answer in the wanted form, one line when it cannot be answered."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from analytics.cli import main
from keeper.lake.options import LakeOptions
from tests.analytics.keeper_lake import CHAIN, VENUE, Rows, block_ref, example_blocks, write_lake
from tests.keeper.lake.one_chain import OneChain

COUNTS = "SELECT market, count(*) AS n, max(block_time) AS last, NULL AS nothing FROM liquidations GROUP BY market ORDER BY market"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake with the example's liquidations."""
    directory = tmp_path_factory.mktemp("lake")
    write_lake(directory, example_blocks())
    return str(directory)


def test_json(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Times in ISO with Z, nothing as null; an empty answer is an empty list."""
    assert main(["query", "--lake", lake, "--json", COUNTS]) == 0
    assert json.loads(capsys.readouterr().out)[0] == {"market": "BTC", "n": 2, "last": "2025-03-21T00:00:02Z", "nothing": None}
    assert main(["query", "--lake", lake, "--json", "SELECT 'nan'::DOUBLE AS x, [1, 2] AS l, 1.50::DECIMAL(9, 2) AS d"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"x": None, "l": [1, 2], "d": "1.50"}]
    assert main(["query", "--lake", lake, "--json", "FROM decisions"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_csv_and_parquet(lake: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Nested columns become JSON text in CSV; Parquet keeps every type."""
    assert main(["query", "--lake", lake, "--csv", "SELECT market, [log_index] AS l FROM liquidations ORDER BY ALL LIMIT 2"]) == 0
    assert list(csv.reader(capfdbinary.readouterr().out.decode().splitlines())) == [["market", "l"], ["BTC", "[1]"], ["BTC", "[2]"]]
    file = tmp_path / "rows.parquet"
    assert main(["query", "--lake", lake, "--parquet", str(file), COUNTS]) == 0
    assert pyarrow.parquet.read_table(file).column("n").to_pylist() == [2, 2, 2]


def test_a_table_for_people(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All columns; a long answer says where the rest is."""
    assert main(["query", "--lake", lake, COUNTS]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("market", "BTC", "SOL", "3 rows", "2025-03-21T00:00:02Z", "–"))
    assert main(["query", "--lake", lake, "FROM range(1000)"]) == 0
    assert "the first 200 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "Parser Error"),
        ("SELECT * FROM nowhere", "nowhere does not exist"),
        ("SELECT nothing FROM blocks", "nothing"),
        ("SELECT 1; SELECT 2", "one statement, not 2"),
        ("", "one statement, not 0"),
        ("DELETE FROM blocks", "DELETE is refused"),
        ("CREATE TABLE x (a INTEGER)", "CREATE is refused"),
        ("COPY blocks TO 'x.csv'", "COPY is refused"),
        ("ATTACH 'x.db'", "ATTACH is refused"),
        ("SELECT error('two\nlines')", "two lines"),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_line(lake: str, sql: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1; whatever would change something is refused by name."""
    assert main(["query", "--lake", lake, sql]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("analytics: ")
    assert message in told.err
    assert told.err.count("\n") == 1


def test_a_function_that_would_change_the_lake_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """DuckLake's own functions are SELECTs by their form."""
    sql = "SELECT * FROM ducklake_expire_snapshots('lake', older_than => now())"
    with OneChain(replace(LakeOptions.at(tmp_path), commit_every_s=0.0), CHAIN, [VENUE]) as recorder:
        for number in (1, 2):
            recorder.block(block_ref(number), [Rows(number).head()])
            recorder.flush()
        assert main(["query", "--lake", str(tmp_path), sql]) == 1
    assert "ducklake_expire_snapshots is refused" in capsys.readouterr().err


_OUTSIDE = (
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{d}/stolen.csv'",
    "EXPLAIN (FORMAT json) COPY (SELECT 1) TO '{d}/data/stolen.csv'",
    "COPY (SELECT 1) TO '{d}/data/stolen.csv'",
    "EXPORT DATABASE '{d}/stolen'",
    "SELECT * FROM read_text('{d}/operator.password')",
    "SELECT * FROM read_csv('{d}/operator.password')",
    "SELECT (SELECT content FROM read_blob('{d}/operator.password'))",
    "SELECT * FROM '{d}/operator.csv'",
    "SELECT * FROM glob('{d}/*')",
    "SELECT * FROM sqlite_scan('{d}/outbox.sqlite', 'secrets')",
    "EXPLAIN ANALYZE SELECT * FROM sqlite_scan('{d}/outbox.sqlite', 'secrets')",
    "WITH x AS (FROM system.main.sqlite_scan('{d}/outbox.sqlite', 'secrets')) SELECT 1",
    "SELECT * FROM query('FROM sqlite_scan(''{d}/outbox.sqlite'', ''secrets'')')",
    "DESCRIBE SELECT * FROM sqlite_scan('{d}/outbox.sqlite', 'secrets')",
    "CALL sqlite_attach('{d}/outbox.sqlite')",
    "ATTACH '{d}/outbox.sqlite' AS o (TYPE sqlite)",
    "ATTACH '{d}/outbox.sqlite'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_progress_bar",
    "SELECT getenv('HOME')",
    "CREATE SECRET (TYPE s3)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "SELECT * FROM duckdb_secrets()",
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with an operator's secrets beside it."""
    directory = tmp_path_factory.mktemp("guarded")
    write_lake(directory, example_blocks())
    for name in ("operator.password", "operator.csv"):
        (directory / name).write_text("secret\n")
    with closing(sqlite3.connect(directory / "outbox.sqlite")) as outbox:
        outbox.execute("CREATE TABLE secrets AS SELECT 'secret' AS word")
        outbox.commit()
    return directory


@pytest.mark.parametrize("sql", _OUTSIDE)
def test_nothing_but_the_lake_is_read_or_written(guarded: Path, sql: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One clear line, and no file that was not there."""
    before = sorted(guarded.rglob("*"))
    assert main(["query", "--lake", str(guarded), sql.format(d=guarded)]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert sorted(path for path in guarded.rglob("*") if "catalog.sqlite-" not in path.name) == [
        path for path in before if "catalog.sqlite-" not in path.name
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SHOW ALL TABLES",
        "DESCRIBE liquidations",
        "SUMMARIZE blocks",
        "EXPLAIN ANALYZE SELECT count(*) FROM blocks",
        "SELECT market, unnest([1, 2]) FROM stg_keeper_liquidations JOIN range(3) ON true ORDER BY ALL",
        "FROM ducklake_snapshots('lake')",
        "SELECT * FROM blocks AT (VERSION => 2)",
    ],
)
def test_questions_about_the_lake_are_answered(guarded: Path, sql: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever form they have."""
    assert main(["query", "--lake", str(guarded), "--json", sql]) == 0
    assert json.loads(capsys.readouterr().out) is not None


def test_from_another_process_while_the_keeper_writes(tmp_path: Path) -> None:
    """The promise of the lake. The environment names it."""
    with OneChain(LakeOptions.at(tmp_path), CHAIN, [VENUE]) as recorder:
        recorder.block(block_ref(1), [Rows(1).head()])
        recorder.flush()
        command = [sys.executable, "-m", "analytics", "query", "--json", "SELECT max(block_number) AS head FROM blocks"]
        environment = os.environ | {"PERP_KEEPER_LAKE": str(tmp_path)}
        root = Path(__file__).parents[2]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=root)
    assert (json.loads(done.stdout), done.stderr, done.returncode) == ([{"head": 1}], "", 0)
