"""Writing to the lake beside the keeper: one transaction at a time. `keeper.store.write_lock` keeps the same rule."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import duckdb

from analytics.errors import LakeError

_PAUSE_S = 0.01
_COURTESY_S = 0.05
"""After a write the keeper, which looks every 10 ms, gets its turn before the next one of ours."""
_LONGEST_WAIT_S = 120.0


@contextmanager
def write_transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN and COMMIT around the block, ROLLBACK when it raises. On a lake with an SQLite catalog it first waits for `<catalog>.write`:
    SQLite cannot turn a read of an older state into a write, so a transaction overtaken by another would fail at its commit. Keep long
    computations outside: the keeper's writer waits meanwhile (its watching does not). Raises LakeError after two minutes of waiting."""
    catalog = _catalog_file(connection)
    with _turn(catalog) if catalog else nullcontext():
        connection.begin()
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    if catalog:
        time.sleep(_COURTESY_S)


def _catalog_file(connection: duckdb.DuckDBPyConnection) -> Path | None:
    """The SQLite file behind the attached lake; None for a plain DuckDB connection or a catalog on a server."""
    rows = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'lake' AND type = 'ducklake'").fetchall()
    kind, _, where = str(rows[0][0]).partition(":") if rows else ("", "", "")
    return Path(where) if kind == "sqlite" else None


@contextmanager
def _turn(catalog: Path) -> Iterator[None]:
    with Path(f"{catalog}.write").open("w") as file:
        give_up = time.monotonic() + _LONGEST_WAIT_S
        while not _taken(file.fileno()):
            if time.monotonic() >= give_up:
                raise LakeError(f"another program has been writing the lake {catalog} for {_LONGEST_WAIT_S:g} s: end it and try again")
            time.sleep(_PAUSE_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
