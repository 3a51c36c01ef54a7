"""The lake's tables come and grow in whole steps; a lake from the future is refused."""

from __future__ import annotations

import importlib.resources
import subprocess
import sys

import duckdb
import pytest

from keeper.errors import StoreError
from keeper.lake.connection import connect
from keeper.lake.migrations import Migration, migrate, migrations
from keeper.lake.options import LakeOptions
from tests.keeper.lake.one_chain import OneChain

FIRST = Migration(1, "0001_first", "CREATE TABLE first (a BIGINT); CREATE TABLE second (a BIGINT)")
_OLD_LIQUIDATION = """
INSERT INTO cursors VALUES (1, 'perp_v2', 1, '0x1', '0x0', TIMESTAMP '2023-11-14', '0');
INSERT INTO liquidations VALUES (
    1, 'perp_v2', '0xab', 'ETH', 1, '0x1', TIMESTAMP '2023-11-14', '0x01', 0, '0xef', true, NULL, 'positions', 'long', '1', 1.0, 100.0,
    '100', 100.0, 2.5, 1.25, 0.0
)"""
"""A row as the first version wrote it, in a block that was committed."""


def tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The lake's tables."""
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'").fetchall()}


def test_the_files_are_numbered_from_one_without_gaps() -> None:
    """Two branches cannot both add the same number unseen."""
    assert [step.version for step in migrations("keeper")] == list(range(1, len(migrations("keeper")) + 1))


def test_a_protocols_file_belongs_to_the_step_of_its_number() -> None:
    """It stands behind the lake's own, in the same transaction."""
    folders = importlib.resources.files("keeper").joinpath("venues").iterdir()
    files = [file for folder in folders if folder.joinpath("migrations").is_dir() for file in folder.joinpath("migrations").iterdir()]
    assert files
    steps = {step.version: step.sql for step in migrations("keeper")}
    own = importlib.resources.files("keeper.lake").joinpath("schema", "keeper", "0010_pools_funds_flows.sql").read_text("utf-8")
    for file in files:
        assert steps[int(file.name[:4])].endswith(file.read_text("utf-8"))
    assert steps[10].startswith(own)
    assert all("perp_v2" not in step.sql for step in migrations("market"))


def test_no_protocols_code_is_needed() -> None:
    code = "import sys; from keeper.lake.migrations import migrations; migrations('keeper'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "keeper.lake.migrations" in modules
    assert not [name for name in modules if name.startswith("keeper.venues")]


def test_a_step_is_applied_once(options: LakeOptions) -> None:
    """Opening again changes nothing; a new step comes on top."""
    second = Migration(2, "0002_more", "ALTER TABLE first ADD COLUMN b VARCHAR")
    with connect(options.place.keeper) as connection:
        for steps in ((FIRST,), (FIRST, second), (FIRST, second)):
            migrate(connection, "x", steps)
        applied = connection.execute("SELECT version, name FROM schema_migrations ORDER BY ALL").fetchall()
        assert applied == [(1, "0001_first"), (2, "0002_more")]


def test_a_step_that_fails_leaves_nothing(options: LakeOptions) -> None:
    """Neither its first statements nor its record."""
    broken = Migration(1, "0001_broken", "CREATE TABLE half (a BIGINT); SELECT * FROM nowhere")
    with connect(options.place.keeper) as connection:
        with pytest.raises(StoreError, match="cannot migrate"):
            migrate(connection, "x", (broken,))
        assert tables(connection) == {"schema_migrations"}
        migrate(connection, "x", (FIRST,))
        assert tables(connection) == {"schema_migrations", "first", "second"}


def test_a_lake_of_a_newer_program_is_refused_untouched(options: LakeOptions) -> None:
    """The message names both versions and the mend."""
    with OneChain(options, 1, ["perp_v2"]):
        pass
    with connect(options.place.keeper) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (999, '0999_future', now())")
    known = migrations("keeper")[-1].version
    with pytest.raises(StoreError, match=f"schema version 999, this program knows {known}: install"), OneChain(options, 1, ["perp_v2"]):
        pass


def test_a_lake_of_the_first_version_is_brought_up_and_keeps_its_rows(options: LakeOptions) -> None:
    """Rows of before have no raw penalty, reward and bad debt; rows of after can have them."""
    first, *_ = migrations("keeper")
    with connect(options.place.keeper) as connection:
        migrate(connection, "x", (first,))
        connection.execute(_OLD_LIQUIDATION)
    with OneChain(options, 1, ["perp_v2"]):
        pass
    with connect(options.place.keeper) as connection:
        query = "SELECT account, penalty_usd, penalty_raw, reward_raw, bad_debt_raw FROM liquidations"
        assert connection.execute(query).fetchall() == [("0xab", 2.5, None, None, None)]
        connection.execute("INSERT INTO liquidations SELECT * REPLACE ('0xcd' AS account, '7' AS penalty_raw) FROM liquidations")
        assert connection.execute(f"{query} ORDER BY account").fetchall()[1] == ("0xcd", 2.5, "7", None, None)


def test_raw_amounts_of_before_had_18_decimals(options: LakeOptions) -> None:
    """Also once their files are merged with later ones; what comes later says its own."""
    with connect(options.place.keeper) as connection:
        migrate(connection, "x", migrations("keeper")[:1])
        connection.execute(_OLD_LIQUIDATION)
        migrate(connection, "x", migrations("keeper"))
        connection.execute("INSERT INTO liquidations SELECT * REPLACE ('0xcd' AS account, 30 AS usd_decimals) FROM liquidations")
        connection.execute("CALL ducklake_merge_adjacent_files('lake')")
        query = "SELECT account, size_decimals, usd_decimals FROM liquidations ORDER BY account"
        assert connection.execute(query).fetchall() == [("0xab", 18, 18), ("0xcd", 18, 30)]


def test_decisions_of_before_know_of_no_use(options: LakeOptions) -> None:
    with connect(options.place.keeper) as connection:
        migrate(connection, "x", migrations("keeper")[:2])
        connection.execute(_OLD_DECISION)
        migrate(connection, "x", migrations("keeper"))
        assert connection.execute("SELECT account, reason, used FROM decisions").fetchall() == [("0xab", "stale", None)]


_OLD_DECISION = (
    "INSERT INTO decisions SELECT 1, 'perp_v2', '0xab', 1, '0x1', TIMESTAMP '2025-03-21', 'c', 'decide', 'skip', 'stale', "
    "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, TIMESTAMP '2025-03-21'"
)


def test_comparisons_of_before_were_of_figures(options: LakeOptions) -> None:
    """They have no verdict; later ones may have nothing else, and no match."""
    with connect(options.place.keeper) as connection:
        migrate(connection, "x", migrations("keeper")[:11])
        connection.execute(_OLD_COMPARISON)
        migrate(connection, "x", migrations("keeper"))
        connection.execute(
            "INSERT INTO account_snapshots SELECT * REPLACE ('0xcd' AS account, NULL AS equity_chain_raw, NULL AS requirement_chain_raw, "
            "NULL AS matches, 'unknown' AS chain_verdict) FROM account_snapshots"
        )
        connection.execute("CALL ducklake_merge_adjacent_files('lake')")
        query = "SELECT account, matches, equity_chain_raw, chain_verdict FROM account_snapshots ORDER BY account"
        assert connection.execute(query).fetchall() == [("0xab", True, "5", None), ("0xcd", None, None, "unknown")]


_OLD_COMPARISON = (
    "INSERT INTO account_snapshots SELECT 1, 'perp_v2', '0xab', 1, '0x1', TIMESTAMP '2025-03-21', '5', '5', '7', '7', true, 18"
)
