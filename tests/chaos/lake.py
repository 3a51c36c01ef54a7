"""The daemon's lake as plain SQL, opened without a line of its own code."""

from __future__ import annotations

import importlib
import importlib.resources
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb


@contextmanager
def opened(lake: Path, catalog: str = "catalog.sqlite", *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the keeper's catalog (or another) attached as `lake` and in use. Writable only while no daemon runs."""
    with closing(connect(lake, catalog, read_only=read_only)) as connection:
        yield connection


def connect(lake: Path, catalog: str = "catalog.sqlite", *, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """As `opened`; the caller closes it."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    for extension in ("sqlite_scanner", "ducklake"):
        connection.execute(f"LOAD '{_extension(extension)}'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET sqlite_disable_multithreaded_scans = true")
    mode = "READ_ONLY, " if read_only else "DATA_INLINING_ROW_LIMIT 0, "
    connection.execute(f"ATTACH 'ducklake:sqlite:{lake / catalog}' AS lake ({mode}META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000)")
    connection.execute("USE lake")
    return connection


def exists(lake: Path) -> bool:
    """Whether a daemon has made it yet."""
    return (lake / "catalog.sqlite").exists()


def rows(lake: Path, sql: str, *values: object) -> Sequence[Mapping[str, Any]]:
    """Rows of a query, one dictionary each; none where there is no lake yet."""
    if not exists(lake):
        return []
    with opened(lake) as connection:
        return dictionaries(connection, sql, *values)


def dictionaries(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> Sequence[Mapping[str, Any]]:
    """Rows of a query, one dictionary each."""
    listed: Sequence[Mapping[str, Any]] = connection.execute(sql, list(values)).to_arrow_table().to_pylist()
    return listed


def write(lake: Path, *statements: str) -> None:
    """Change rows behind the daemon's back."""
    with opened(lake, read_only=False) as connection:
        for statement in statements:
            connection.execute(statement)


def outbox(state: Path) -> Path | None:
    """The outbox's file, where there is one."""
    return next(iter(sorted(state.glob("*.sqlite"))), None)


def outbox_rows(state: Path, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
    """Rows of a query to the outbox; none where there is no outbox."""
    file = outbox(state)
    if file is None:
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
        return connection.execute(sql, values).fetchall()


def _extension(name: str) -> Path:
    package = importlib.resources.files(importlib.import_module(f"duckdb_extension_{name}"))
    return Path(str(package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"))
