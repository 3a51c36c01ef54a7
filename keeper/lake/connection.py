"""Opening the lake's catalogs: the keeper's is attached as `lake`, the market's as `market`."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

import duckdb

from keeper.errors import StoreError
from keeper.lake.extensions import extension_file, extensions
from keeper.lake.faults import translated
from keeper.lake.object_store import secret
from keeper.lake.place import CatalogPlace

LAKE = "lake"
"""The name the keeper's catalog is attached under."""
MARKET = "market"
"""The name the market's catalog is attached under."""

_LONGEST_WAIT_S = 10.0
_TRIES = 20
_PAUSE_S = 0.25
_MEND = "name another directory in [lake] dir or with --lake"
T = TypeVar("T")


def connect(place: CatalogPlace, *, wait_s: float = _LONGEST_WAIT_S) -> duckdb.DuckDBPyConnection:
    """A connection with the keeper's catalog attached for writing and in use, created where there is none.

    Raises StoreError (unusable path, foreign file) or ConfigError (a catalog kind or an extension that is not installed)."""
    connection = unattached()
    try:
        attach(connection, place, LAKE, read_only=False, wait_s=wait_s)
        connection.execute(f"USE {LAKE}")
    except BaseException:
        connection.close()
        raise
    return connection


def unattached() -> duckdb.DuckDBPyConnection:
    """A connection that knows no lake yet and loads no extension by itself."""
    return duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})


def attach(
    connection: duckdb.DuckDBPyConnection, place: CatalogPlace, database: str, *, read_only: bool, wait_s: float = _LONGEST_WAIT_S
) -> None:
    """Attach one catalog under the name `database`; tried again for 5 s, since a catalog that is being created is locked for moments.

    Raises StoreError (unusable path, foreign file) or ConfigError (a catalog kind or an extension that is not installed)."""
    with translated(place.name, "open"):
        if place.catalog_file is not None and not read_only:
            place.catalog_file.parent.mkdir(parents=True, exist_ok=True)
        holds_lake(connection, place)
        _patiently(lambda: connection.execute(_statement(place, database, read_only, wait_s)))


def exists(place: CatalogPlace) -> bool:
    """`holds_lake` without a connection at hand: loading the extensions into a new one takes 0.3 s."""
    if place.catalog_file is not None and not place.catalog_file.exists():
        return False
    with closing(unattached()) as connection:
        return holds_lake(connection, place)


def holds_lake(connection: duckdb.DuckDBPyConnection, place: CatalogPlace) -> bool:
    """Whether there is such a catalog; creates and attaches nothing. Raises StoreError or ConfigError as `attach` does: DuckLake would set
    itself up inside what belongs to somebody else."""
    with translated(place.name, "open"):
        _load(connection, place)
        tables = _patiently(lambda: _tables(connection, place))
    if tables and "ducklake_metadata" not in tables:
        what = "an SQLite file of something else" if place.catalog_file else "a schema of something else"
        raise StoreError(f"{place.name} is {what}, not a lake: {_MEND}")
    return bool(tables)


def _load(connection: duckdb.DuckDBPyConnection, place: CatalogPlace) -> None:
    for extension in extensions(place):
        connection.execute(f"LOAD '{extension_file(extension)}'")
    if place.remote:
        connection.execute(secret(os.environ))
    if place.catalog_file is not None:
        # One SQLite connection per transaction: scans on connections of their own would see the catalog at other moments.
        connection.execute("SET sqlite_disable_multithreaded_scans = true")


def _tables(connection: duckdb.DuckDBPyConnection, place: CatalogPlace) -> frozenset[str]:
    """The tables of the database behind the catalog; none where there is no file.

    Through the extension's own SQLite: a second copy of the library in this process (the sqlite3 module) would drop the first one's file
    locks."""
    if place.catalog_file is not None and not place.catalog_file.exists():
        return frozenset()
    where = _quoted(place.catalog.partition(":")[2])
    try:
        connection.execute(f"ATTACH '{where}' AS probe (TYPE {place.kind}, READ_ONLY)")
        query = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'probe' AND schema_name = coalesce(?, schema_name)"
        names = frozenset(str(name) for (name,) in connection.execute(query, [place.schema]).fetchall())
    except duckdb.Error as error:
        if "not a database" not in str(error):
            raise
        raise StoreError(f"{place.name} is no lake (not a database): {_MEND}, or restore the catalog from a backup") from error
    finally:
        connection.execute("DETACH DATABASE IF EXISTS probe")
    return names


def _patiently(work: Callable[[], T]) -> T:
    for _ in range(_TRIES - 1):
        try:
            return work()
        except duckdb.Error:
            time.sleep(_PAUSE_S)
    return work()


def _statement(place: CatalogPlace, database: str, read_only: bool, wait_s: float) -> str:
    """Write-ahead log: else reader and writer lock each other out for seconds (measured: "database is locked" after 5 s). No rows inlined
    in the catalog: flushing them to Parquet deletes them under readers of the snapshot before (measured: torn reads)."""
    # The catalog keeps its files' names relative to the data path; overriding it makes a lake movable and reachable by any spelling.
    options = [f"DATA_PATH '{_quoted(place.data_path)}'", "OVERRIDE_DATA_PATH true"]
    options += ["READ_ONLY"] if read_only else ["DATA_INLINING_ROW_LIMIT 0"]
    if place.catalog_file is not None:
        options += ["META_JOURNAL_MODE 'WAL'", f"META_BUSY_TIMEOUT {int(1000 * min(wait_s, _LONGEST_WAIT_S))}"]
    if place.schema is not None:
        options += [f"METADATA_SCHEMA '{_quoted(place.schema)}'"]
    return f"ATTACH '{_quoted(f'ducklake:{place.catalog}')}' AS {database} ({', '.join(options)})"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
