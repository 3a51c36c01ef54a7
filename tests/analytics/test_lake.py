"""Opening the lake: beside a writing keeper, from any spelling of its path, and never something that is no lake."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path

import duckdb
import pytest

from analytics.errors import LakeError
from analytics.lake import LakePlace, lake_place, open_lake
from analytics.migrations import Migration, migrate, migrations
from analytics.transaction import write_transaction
from keeper.domain.records import TABLES
from keeper.store.connection import connect
from keeper.store.migrations import migrate as keeper_migrate
from keeper.store.migrations import migrations as keeper_migrations
from keeper.store.options import LakeOptions
from keeper.store.recorder import Recorder
from tests.analytics.keeper_lake import CHAIN, VENUE, Rows, block_ref, example_blocks, write_lake


def views(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The staging views."""
    return {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE view_name LIKE 'stg_%'").fetchall()}


def test_every_keeper_table_has_a_staging_view_that_answers(tmp_path: Path) -> None:
    """Only staging names raw tables, so a missing view is a table nobody can use."""
    write_lake(tmp_path, example_blocks())
    with open_lake(tmp_path) as lake:
        assert views(lake) >= {f"stg_keeper_{table}" for table, _ in TABLES}
        for table, _ in TABLES:
            viewed = lake.execute(f"SELECT count(*) FROM stg_keeper_{table}").fetchall()
            assert viewed == lake.execute(f"SELECT count(*) FROM {table}").fetchall()


def test_reading_while_the_keeper_has_it_open(tmp_path: Path) -> None:
    """In the same process too, and each question sees what is committed by then."""
    with Recorder(LakeOptions.at(tmp_path), CHAIN, [VENUE]) as recorder, open_lake(tmp_path) as lake:
        for number in (1, 2, 3):
            recorder.block(block_ref(number), [Rows(number).head()])
            recorder.flush()
            assert lake.execute("SELECT count(*), max(block_number) FROM blocks").fetchall() == [(number, number)]


def test_it_is_read_only(tmp_path: Path) -> None:
    """Whatever the statement."""
    write_lake(tmp_path, {1: []})
    with open_lake(tmp_path) as lake:
        for statement in ("DELETE FROM blocks", "DROP TABLE blocks", "CREATE TABLE lake.main.x (a INTEGER)"):
            with pytest.raises(duckdb.Error, match="read-only"):
                lake.execute(statement)


def test_imports_write_beside_the_keeper(tmp_path: Path) -> None:
    """Both commit to the same catalog and neither fails, though each import takes longer than the keeper's commits."""
    with Recorder(LakeOptions.at(tmp_path), CHAIN, [VENUE]) as recorder, open_lake(tmp_path, read_only=False) as lake:
        with write_transaction(lake):
            lake.execute("CREATE TABLE market.numbers (a BIGINT)")
        for number in range(1, 4):
            with write_transaction(lake):
                lake.execute("INSERT INTO market.numbers VALUES (?)", [number])
                recorder.block(block_ref(number), [Rows(number).head()])
                time.sleep(0.1)
        recorder.flush()
        assert lake.execute("SELECT (SELECT count(*) FROM blocks), (SELECT count(*) FROM market.numbers)").fetchall() == [(3, 3)]


def test_a_write_that_fails_leaves_nothing_and_lets_go(tmp_path: Path) -> None:
    """The next one has its turn."""
    with open_lake(tmp_path, read_only=False) as lake:
        for statement, error in (("INSERT INTO market.rejects SELECT error('no')", duckdb.Error), ("SELECT 1", KeyError)):
            with pytest.raises(error):
                _write_and_raise(lake, statement)
        assert lake.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'").fetchall() == [(0,)]


def _write_and_raise(lake: duckdb.DuckDBPyConnection, statement: str) -> None:
    with write_transaction(lake):
        lake.execute("CREATE TABLE market.half (a BIGINT)")
        lake.execute(statement)
        raise KeyError


def test_a_lake_may_be_moved_and_named_by_another_path(tmp_path: Path) -> None:
    """Files are found relative to where the lake is now."""
    write_lake(tmp_path / "old", example_blocks())
    shutil.move(tmp_path / "old", tmp_path / "new")
    with open_lake(tmp_path / "new" / ".." / "new") as lake:
        assert lake.execute("SELECT count(*) FROM liquidations").fetchall() == [(6,)]


def test_which_lake_is_meant() -> None:
    """The option, then the environment, then var/lake."""
    assert lake_place(Path("a"), {"PERP_KEEPER_LAKE": "b"}) == LakePlace.at(Path("a"))
    assert lake_place(None, {"PERP_KEEPER_LAKE": "b"}) == LakePlace.at(Path("b"))
    assert lake_place(None, {}) == LakePlace("sqlite:var/lake/catalog.sqlite", "var/lake/data/")
    assert "secret" not in LakePlace("postgres:dbname=x password=secret", "s3://y/").name


def test_no_lake(tmp_path: Path) -> None:
    """Reading never creates one."""
    with pytest.raises(LakeError, match=r"there is no lake at .*nothing/catalog\.sqlite: name one with --lake"):
        open_lake(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_file_that_is_no_lake(tmp_path: Path) -> None:
    """Text, or an SQLite file of something else; for reading and for writing."""
    (tmp_path / "catalog.sqlite").write_text("a letter to my aunt, long enough to be taken for the header of a database")
    for read_only in (True, False):
        with pytest.raises(LakeError, match="is no lake"):
            open_lake(tmp_path, read_only=read_only)
    (tmp_path / "catalog.sqlite").unlink()
    with sqlite3.connect(tmp_path / "catalog.sqlite") as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    for read_only in (True, False):
        with pytest.raises(LakeError, match="SQLite file of something else"):
            open_lake(tmp_path, read_only=read_only)


def test_a_place_that_cannot_be_opened(tmp_path: Path) -> None:
    """A file in the way, an unknown kind of catalog, an extension that is not installed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="cannot create a lake"):
        open_lake(tmp_path / "file" / "lake", read_only=False)
    with pytest.raises(LakeError, match="unknown catalog kind 'mysql'"):
        open_lake(LakePlace("mysql:x", "y"))
    with pytest.raises(LakeError, match="needs the Python package duckdb-extension-postgres-scanner"):
        open_lake(LakePlace("postgres:x", "y"))


def test_market_tables_come_once_and_a_newer_lake_is_refused(tmp_path: Path) -> None:
    """Opening for writing twice changes nothing."""
    for _ in range(2):
        with open_lake(tmp_path, read_only=False) as lake:
            applied = lake.execute("SELECT version FROM market.schema_migrations ORDER BY ALL").fetchall()
            assert applied == [(step.version,) for step in migrations()]
    with open_lake(tmp_path, read_only=False) as lake:
        lake.execute("INSERT INTO market.schema_migrations VALUES (999, '0999_future', now())")
    with pytest.raises(LakeError, match="schema version 999, this program knows"):
        open_lake(tmp_path, read_only=False)


def test_a_market_step_that_fails_leaves_nothing() -> None:
    """Neither its first statements nor its record; a plain DuckDB connection serves as well."""
    with duckdb.connect() as connection:
        with pytest.raises(duckdb.CatalogException):
            migrate(connection, "x", (Migration(1, "0001_half", "CREATE TABLE market.half (a BIGINT); SELECT * FROM nowhere"),))
        migrate(connection, "x", (Migration(1, "0001_whole", "CREATE TABLE market.whole (a BIGINT)"),))
        assert connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall() == [("schema_migrations",), ("whole",)]


def test_a_lake_of_the_keepers_first_schema_is_read(tmp_path: Path) -> None:
    """Its liquidations have no raw amounts yet: null, and every other column answers."""
    with connect(LakeOptions.at(tmp_path)) as writer:
        keeper_migrate(writer, "x", keeper_migrations()[:1])
        writer.execute(
            "INSERT INTO liquidations SELECT 10, 'perp_v2', 'a', 'ETH', 1, '0x1', TIMESTAMP '2025-03-21', '0x2', 0, 'b', true, NULL, "
            "'positions', 'long', '1', 1.0, 100.0, '100', 100.0, 2.5, 1.25, 0.5"
        )
    with open_lake(tmp_path) as lake:
        query = "SELECT victim, penalty_usd, bad_debt_usd, penalty_raw, reward_raw, bad_debt_raw FROM stg_keeper_liquidations"
        assert lake.execute(query).fetchall() == [("a", 2.5, 0.5, None, None, None)]
