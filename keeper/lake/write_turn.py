"""One write at a time to each SQLite catalog of the lake, whichever programs write it.

SQLite cannot turn a read of an older state into a write, so a DuckLake transaction that another one overtakes fails at its commit,
however long it took (measured: always). Hence a lock around each transaction, on `<catalog>.write`; the system lets go of it when a
process ends, however it ends. Readers know nothing of it. The keeper's catalog and the market's have a lock each."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from keeper.errors import StoreError
from keeper.lake.faults import translated
from keeper.lake.place import CatalogPlace

_PAUSE_S = 0.01
_LONGEST_WAIT_S = 120.0


@contextmanager
def sole_keeper(place: CatalogPlace) -> Iterator[None]:
    """Holds `<catalog>.keeper` while the context is open: a second recorder is refused at once. Raises StoreError."""
    refusal = f"another keeper is writing the lake {place.name}: end it, or name another directory in [lake] dir"
    with _held(place, "keeper", 0.0, refusal):
        yield


@contextmanager
def write_turn(place: CatalogPlace, wait_s: float = _LONGEST_WAIT_S) -> Iterator[None]:
    """Waits for `<catalog>.write`, at most `wait_s`, and holds it while the context is open. Raises StoreError."""
    refusal = f"another program has been writing the lake {place.name} for {wait_s:g} s: end it and try again"
    with _held(place, "write", wait_s, refusal):
        yield


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN and COMMIT around the block, ROLLBACK when it raises."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def write_transaction(connection: duckdb.DuckDBPyConnection, database: str) -> Iterator[None]:
    """`transaction` in turn with the other writers of the lake's catalog that is attached as `database`. A plain DuckDB database, or a
    catalog on a server, has nobody to wait for. Keep long computations outside: other writers wait meanwhile. Raises StoreError."""
    rows = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = ? AND type = 'ducklake'", [database]).fetchall()
    place = CatalogPlace(catalog=str(rows[0][0]) if rows else "", data_path="")
    with write_turn(place), transaction(connection):
        yield


@contextmanager
def _held(place: CatalogPlace, suffix: str, wait_s: float, refusal: str) -> Iterator[None]:
    if place.catalog_file is None:
        yield  # a server's catalog settles the order of writers itself
        return
    path = Path(f"{place.catalog_file}.{suffix}")
    with translated(place.name, "open"):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        give_up = time.monotonic() + wait_s
        while not _taken(file.fileno()):
            if time.monotonic() >= give_up:
                raise StoreError(refusal)
            time.sleep(_PAUSE_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
