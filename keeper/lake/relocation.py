"""Lakes of before kept the market's tables in the keeper's catalog, in a schema `market`: they move to the market's own catalog, once."""

import duckdb

from keeper.lake.connection import LAKE, MARKET, attach, holds_lake, unattached
from keeper.lake.faults import translated
from keeper.lake.migrations import migrate, migrations
from keeper.lake.place import LakePlace
from keeper.lake.write_turn import transaction, write_turn

_LEDGER = "schema_migrations"


def is_due(connection: duckdb.DuckDBPyConnection, place: LakePlace) -> bool:
    """Whether the keeper's catalog still holds market tables. Writes nothing, leaves nothing attached. Raises StoreError or ConfigError."""
    if not holds_lake(connection, place.keeper):
        return False
    with translated(place.keeper.name, "open"):
        attach(connection, place.keeper, LAKE, read_only=True)
        due = holds_market(connection)
        connection.execute(f"DETACH {LAKE}")
    return due


def holds_market(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the keeper's catalog, attached as `lake`, still holds market tables."""
    query = "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?"
    return bool(connection.execute(query, [LAKE, MARKET]).fetchall())


def relocate(place: LakePlace) -> None:
    """Copy the rows in one transaction of the market's catalog, then drop the old tables in one of the keeper's.

    Interrupted between the two, the next run finds the rows there and only drops. For whoever is the keeper (`sole_keeper`): it waits for
    the keeper's write turn. Raises StoreError or ConfigError."""
    with translated(place.keeper.name, "move the market's tables out of"), unattached() as connection:
        attach(connection, place.keeper, LAKE, read_only=False)
        if not holds_market(connection):
            return
        with write_turn(place.market):
            attach(connection, place.market, MARKET, read_only=False)
            connection.execute(f"USE {MARKET}")
            migrate(connection, place.market.name, migrations("market"))
            with transaction(connection):
                for table in _old_tables(connection):
                    _copy(connection, table)
        with write_turn(place.keeper), transaction(connection):
            connection.execute(f"DROP SCHEMA {LAKE}.{MARKET} CASCADE")


def _old_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name <> ? ORDER BY table_name"
    return [str(name) for (name,) in connection.execute(query, [LAKE, MARKET, _LEDGER]).fetchall()]


def _copy(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Rows that are there already stay single: of an interrupted run, or where an older version has imported once more."""
    old, new = f"{LAKE}.{MARKET}.{table}", f"{MARKET}.main.{table}"
    ((count,),) = connection.execute(f"SELECT count(*) FROM {new}").fetchall()  # noqa: S608 (names are our own)
    known = f"EXCEPT ALL FROM {new}" if count else ""
    connection.execute(f"INSERT INTO {new} FROM {old} {known}")
