"""Opening the lake. The DuckDB extensions come from PyPI packages; nothing is downloaded at run time."""

import importlib
import importlib.resources
from pathlib import Path

import duckdb

from keeper.errors import ConfigError, StoreError
from keeper.store.faults import translated
from keeper.store.options import LakeOptions

LAKE = "lake"
"""The name the lake is attached under."""

_CATALOG_EXTENSIONS = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}
_LONGEST_WAIT_S = 10.0


def connect(options: LakeOptions) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached for writing as `lake`, created where there is none.

    Raises StoreError (unusable path, foreign file) or ConfigError (a catalog kind or an extension that is not installed)."""
    with translated(options.name, "open"):
        connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
        for extension in _extensions(options):
            connection.execute(f"LOAD '{extension_file(extension)}'")
        if options.catalog_file is not None:
            # One SQLite connection per transaction: scans on connections of their own would see the catalog at other moments.
            connection.execute("SET sqlite_disable_multithreaded_scans = true")
            options.catalog_file.parent.mkdir(parents=True, exist_ok=True)
            _refuse_foreign(connection, options.catalog_file)
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
    wait_ms = int(1000 * min(options.busy_s, _LONGEST_WAIT_S))
    sqlite = f", META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT {wait_ms}" if options.catalog_file is not None else ""
    source, data_path = _quoted(f"ducklake:{options.catalog}"), _quoted(options.data_path)
    # The catalog keeps its files' names relative to the data path; overriding it makes a lake movable and reachable by any spelling.
    return f"ATTACH '{source}' AS {LAKE} (DATA_PATH '{data_path}', OVERRIDE_DATA_PATH true, DATA_INLINING_ROW_LIMIT 0{sqlite})"


def _refuse_foreign(connection: duckdb.DuckDBPyConnection, catalog: Path) -> None:
    """A look at an existing file, since DuckLake would set itself up inside any SQLite file. Through the extension's own SQLite: a second
    copy of the library in this process (the sqlite3 module) would drop the first one's file locks."""
    if not catalog.exists():
        return
    try:
        connection.execute(f"ATTACH '{_quoted(str(catalog))}' AS probe (TYPE sqlite, READ_ONLY)")
        rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'probe'").fetchall()
    except duckdb.Error as error:
        if "not a database" not in str(error):
            raise
        raise StoreError(f"{catalog} is no lake (not a database): name another directory, or restore the catalog from a backup") from error
    tables = {name for (name,) in rows}
    connection.execute("DETACH probe")
    if tables and "ducklake_metadata" not in tables:
        raise StoreError(f"{catalog} is an SQLite file of something else, not a lake: name another directory")


def _quoted(text: str) -> str:
    return text.replace("'", "''")
