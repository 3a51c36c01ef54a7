"""Opening the lake. The DuckDB extensions come from PyPI packages; nothing is downloaded at run time."""

import importlib
import importlib.resources
import sqlite3
from pathlib import Path

import duckdb

from keeper.errors import ConfigError, StoreError
from keeper.store.faults import translated
from keeper.store.options import LakeOptions

LAKE = "lake"
"""The name the lake is attached under."""

_CATALOG_EXTENSIONS = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}
_BUSY_TIMEOUT_MS = 10_000


def connect(options: LakeOptions) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached for writing as `lake`, created where there is none.

    Raises StoreError (unusable path, foreign file) or ConfigError (a catalog kind or an extension that is not installed)."""
    with translated(options.name, "open"):
        if options.catalog_file is not None:
            _prepare(options.catalog_file)
        connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
        for extension in _extensions(options):
            connection.execute(f"LOAD '{extension_file(extension)}'")
        if options.catalog_file is not None:
            # One SQLite connection per transaction: scans on connections of their own would see the catalog at other moments.
            connection.execute("SET sqlite_disable_multithreaded_scans = true")
        connection.execute(_attach(options))
        connection.execute(f"USE {LAKE}")
    return connection


def extension_file(extension: str) -> Path:
    """The extension's file inside its PyPI package. `import_extension` would copy it to the home directory first, which may be
    read-only in a container and is raced for by processes that start together."""
    try:
        package = importlib.resources.files(importlib.import_module(f"duckdb_extension_{extension}"))
    except ModuleNotFoundError as error:
        name = f"duckdb-extension-{extension.replace('_', '-')}"
        raise ConfigError(f"this catalog or store needs the Python package {name}=={duckdb.__version__}: install it") from error
    return Path(str(package / "extensions" / f"v{duckdb.__version__}" / f"{extension}.duckdb_extension"))


def _extensions(options: LakeOptions) -> list[str]:
    kind = options.catalog.partition(":")[0]
    if kind not in _CATALOG_EXTENSIONS:
        raise ConfigError(f"unknown catalog kind {kind!r}: use one of {', '.join(_CATALOG_EXTENSIONS)}")
    remote = ["httpfs"] if "://" in options.data_path else []
    return [_CATALOG_EXTENSIONS[kind], *remote, "ducklake"]


def _attach(options: LakeOptions) -> str:
    """Write-ahead log: else reader and writer lock each other out for seconds (measured: "database is locked" after 5 s). No rows inlined
    in the catalog: flushing them to Parquet deletes them under readers of the snapshot before (measured: torn reads)."""
    sqlite = f", META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT {_BUSY_TIMEOUT_MS}" if options.catalog_file is not None else ""
    source, data_path = (text.replace("'", "''") for text in (f"ducklake:{options.catalog}", options.data_path))
    return f"ATTACH '{source}' AS {LAKE} (DATA_PATH '{data_path}', DATA_INLINING_ROW_LIMIT 0{sqlite})"


def _prepare(catalog: Path) -> None:
    """A directory for a new lake; a look at an existing file, since DuckLake would set itself up inside any SQLite file."""
    catalog.parent.mkdir(parents=True, exist_ok=True)
    if not catalog.exists() or catalog.stat().st_size == 0:
        return
    probe = sqlite3.connect(f"{catalog.absolute().as_uri()}?mode=ro", uri=True)
    try:
        tables = {name for (name,) in probe.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{catalog} is no lake ({error}): name another directory, or restore the catalog from a backup") from error
    finally:
        probe.close()
    if tables and "ducklake_metadata" not in tables:
        raise StoreError(f"{catalog} is an SQLite file of something else, not a lake: name another directory")
