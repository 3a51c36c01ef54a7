"""Opening the lake: beside a writing keeper, from any spelling of its path, and never something that is no lake."""

from __future__ import annotations

import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from analytics.errors import LakeError
from analytics.lake import lake_place, open_lake, open_market
from keeper.domain.records import TABLES
from keeper.lake.connection import MARKET, connect
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.lake.write_turn import write_transaction, write_turn
from tests.analytics.keeper_lake import CHAIN, VENUE, Rows, block_ref, example_blocks, write_lake
from tests.keeper.lake.one_chain import OneChain


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
    with OneChain(LakeOptions.at(tmp_path), CHAIN, [VENUE]) as recorder, open_lake(tmp_path) as lake:
        for number in (1, 2, 3):
            recorder.block(block_ref(number), [Rows(number).head()])
            recorder.flush()
            assert lake.execute("SELECT count(*), max(block_number) FROM blocks").fetchall() == [(number, number)]


def test_what_came_late_to_a_block_adds_up_with_its_row(tmp_path: Path) -> None:
    with OneChain(LakeOptions.at(tmp_path), CHAIN, [VENUE, "late"]) as recorder:
        for venue in (VENUE, "late"):
            recorder.block(block_ref(1), [Rows(1).head()], (venue,))
            recorder.flush()
    figures = "sum(logs), sum(accounts_evaluated), sum(accounts_watched), sum(rpc_requests), count(received_at)"
    with open_lake(tmp_path) as lake:
        both = "(FROM stg_keeper_blocks UNION ALL BY NAME FROM stg_keeper_late_blocks)"
        assert lake.execute(f"SELECT {figures} FROM {both}").fetchall() == [(2, 2, 18, 6, 1)]


def test_it_is_read_only(tmp_path: Path) -> None:
    """Whatever the statement."""
    write_lake(tmp_path, {1: []})
    open_market(tmp_path).close()
    with open_lake(tmp_path) as lake:
        for statement in ("DELETE FROM blocks", "DROP TABLE blocks", "CREATE TABLE lake.main.x (a INTEGER)", "DELETE FROM market.imports"):
            with pytest.raises(duckdb.Error, match="read-only"):
                lake.execute(statement)


def test_an_import_and_the_keeper_never_wait_for_each_other(tmp_path: Path) -> None:
    """The keeper commits in the middle of an import's transaction, and an import while the keeper's turn is taken."""
    with OneChain(LakeOptions.at(tmp_path), CHAIN, [VENUE]) as recorder, open_market(tmp_path) as market:
        with write_transaction(market, MARKET):
            market.execute("CREATE TABLE market.numbers (a BIGINT)")
            recorder.block(block_ref(1), [Rows(1).head()])
            recorder.flush()
        with write_turn(LakePlace.at(tmp_path).keeper), open_market(tmp_path) as another, write_transaction(another, MARKET):
            another.execute("INSERT INTO market.numbers VALUES (1)")
    with open_lake(tmp_path) as lake:
        assert lake.execute("SELECT (SELECT count(*) FROM blocks), (SELECT count(*) FROM market.numbers)").fetchall() == [(1, 1)]


def test_imports_take_turns(tmp_path: Path) -> None:
    """Two at the same time: the second begins when the first has ended, and neither fails."""
    with open_market(tmp_path) as first, open_market(tmp_path) as second, ThreadPoolExecutor(1) as threads:
        with write_transaction(first, MARKET):
            first.execute("CREATE TABLE market.numbers AS SELECT 1::BIGINT AS a")
            later = threads.submit(_insert, second)
            time.sleep(0.2)
        later.result(30)
        assert first.execute("FROM market.numbers ORDER BY a").fetchall() == [(1,), (2,)]


def _insert(connection: duckdb.DuckDBPyConnection) -> None:
    with write_transaction(connection, MARKET):
        connection.execute("INSERT INTO market.numbers VALUES (2)")


def test_a_write_that_fails_leaves_nothing_and_lets_go(tmp_path: Path) -> None:
    """The next one has its turn."""
    with open_market(tmp_path) as lake:
        for statement, error in (("INSERT INTO market.rejects SELECT error('no')", duckdb.Error), ("SELECT 1", KeyError)):
            with pytest.raises(error):
                _write_and_raise(lake, statement)
        assert lake.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'").fetchall() == [(0,)]


def _write_and_raise(lake: duckdb.DuckDBPyConnection, statement: str) -> None:
    with write_transaction(lake, MARKET):
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
    assert lake_place(None, {}) == LakePlace.at(Path("var/lake"))


def test_the_keepers_settings_in_the_environment_count_where_no_directory_is_named() -> None:
    environment = {"PERP_KEEPER__LAKE__CATALOG": "postgres:dbname=x", "PERP_KEEPER__LAKE__DATA": "s3://y"}
    assert lake_place(None, environment) == LakePlace.at(Path("var/lake"), "postgres:dbname=x", "s3://y")
    assert lake_place(Path("a"), environment) == LakePlace.at(Path("a"))


def test_no_lake(tmp_path: Path) -> None:
    """Reading never creates one."""
    with pytest.raises(LakeError, match=r"there is no lake at .*nothing/catalog\.sqlite: name one with --lake"):
        open_lake(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_file_that_is_no_lake(tmp_path: Path) -> None:
    """Text, or an SQLite file of something else; for reading and for writing."""
    for name in ("catalog.sqlite", "market.sqlite"):
        file = tmp_path / name
        file.write_text("a letter to my aunt, long enough to be taken for the header of a database")
        for opening in (open_lake, open_market):
            with pytest.raises(LakeError, match="is no lake"):
                opening(tmp_path)
        file.unlink()
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.close()
        for opening in (open_lake, open_market):
            with pytest.raises(LakeError, match="SQLite file of something else"):
                opening(tmp_path)
        file.unlink()


def test_a_place_that_cannot_be_opened(tmp_path: Path) -> None:
    """A file in the way, an unknown kind of catalog."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match=r"cannot open the lake .*file/lake/market\.sqlite"):
        open_market(tmp_path / "file" / "lake")
    with pytest.raises(LakeError, match="unknown catalog kind 'mysql'"):
        open_lake(LakePlace.at(tmp_path, "mysql:x"))


def test_market_tables_come_once_and_a_newer_lake_is_refused(tmp_path: Path) -> None:
    """Opening for writing twice changes nothing."""
    for _ in range(2):
        with open_market(tmp_path) as lake:
            applied = lake.execute("SELECT version FROM market.schema_migrations ORDER BY ALL").fetchall()
            assert applied == [(step.version,) for step in migrations("market")]
    with open_market(tmp_path) as lake:
        lake.execute("INSERT INTO market.schema_migrations VALUES (999, '0999_future', now())")
    with pytest.raises(LakeError, match="schema version 999, this program knows"):
        open_market(tmp_path)


def test_a_lake_of_the_keepers_first_schema_is_read(tmp_path: Path) -> None:
    """Its liquidations have no raw amounts yet: null, and no underlying: the market's name. Every other column answers."""
    with connect(LakePlace.at(tmp_path).keeper) as writer:
        migrate(writer, "x", migrations("keeper")[:1])
        writer.execute(
            "INSERT INTO liquidations SELECT 10, 'perp_v2', 'a', 'ETH', 1, '0x1', TIMESTAMP '2025-03-21', '0x2', 0, 'b', true, NULL, "
            "'positions', 'long', '1', 1.0, 100.0, '100', 100.0, 2.5, 1.25, 0.5"
        )
    with open_lake(tmp_path) as lake:
        query = "SELECT victim, underlying, penalty_usd, bad_debt_usd, penalty_raw, reward_raw, bad_debt_raw FROM stg_keeper_liquidations"
        assert lake.execute(query).fetchall() == [("a", "ETH", 2.5, 0.5, None, None, None)]
        for table in ("market_state", "position_snapshots"):
            assert lake.execute(f"SELECT count(underlying) FROM stg_keeper_{table}").fetchall() == [(0,)]


def test_rows_of_before_the_underlying_was_recorded_are_named_by_it(tmp_path: Path) -> None:
    """In one table with rows of after, whose markets may be named otherwise."""
    write_lake(tmp_path, {1: [replace(Rows(1).liquidation("a", "ETH", 100.0, "long"), underlying=None)]})
    write_lake(tmp_path, {2: [replace(Rows(2).liquidation("b", "ETH-PERP", 100.0, "long"), underlying="ETH")]})
    with open_lake(tmp_path) as lake:
        query = "SELECT market, underlying FROM stg_keeper_liquidations ORDER BY ALL"
        assert lake.execute(query).fetchall() == [("ETH", "ETH"), ("ETH-PERP", "ETH")]
