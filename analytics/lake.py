"""Opening the lake from beside the daemon: read-only for questions, writable for imports. Imports nothing of the keeper."""

import importlib
import importlib.resources
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import duckdb

from analytics.errors import LakeError
from analytics.migrations import migrate

ENVIRONMENT = "PERP_KEEPER_LAKE"
DEFAULT_DIRECTORY = Path("var/lake")

_CATALOG_EXTENSIONS = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}
_BUSY_TIMEOUT_MS = 10_000
_ATTACH_TRIES = 20
_ATTACH_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class LakePlace:
    """`catalog` is what stands behind `ducklake:` ("sqlite:PATH", "postgres:dbname=..."); `data_path` where its Parquet files are."""

    catalog: str
    data_path: str

    @classmethod
    def at(cls, directory: Path) -> Self:
        """The default layout: `directory`/catalog.sqlite and `directory`/data/."""
        return cls(f"sqlite:{directory / 'catalog.sqlite'}", f"{directory / 'data'}/")

    @property
    def catalog_file(self) -> Path | None:
        """The catalog's file; None where a server holds it."""
        kind, _, where = self.catalog.partition(":")
        return Path(where) if kind == "sqlite" else None

    @property
    def name(self) -> str:
        """The lake in an error message: never a password of a connection string."""
        return str(self.catalog_file or f"{self.catalog.partition(':')[0]} catalog with data in {self.data_path}")


def lake_place(directory: Path | None, environment: Mapping[str, str]) -> LakePlace:
    """Which lake is meant: the given directory, else the environment's PERP_KEEPER_LAKE, else var/lake."""
    return LakePlace.at(directory or Path(environment.get(ENVIRONMENT, str(DEFAULT_DIRECTORY))))


def open_lake(place: LakePlace | Path | None = None, *, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the lake attached as `lake` and in use: keeper tables by plain name, recordings as `market.*`.

    Read-only: every file of sql/staging becomes a temporary view (those whose tables the lake does not have yet are left out).
    Writable: the lake is created where there is none, and the `market` tables are brought to this version; commits run beside the
    daemon's. `place` None means `lake_place(None, os.environ)`. Raises LakeError in one line: no lake, no lake's file, busy for 5 s."""
    where = LakePlace.at(place) if isinstance(place, Path) else place or lake_place(None, os.environ)
    _check(where, read_only)
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        for extension in _extensions(where):
            connection.execute(f"LOAD '{extension_file(extension)}'")
        connection.execute("SET TimeZone = 'UTC'")
        # DuckLake keeps a table's statistics and the row count of a merged file for the newest snapshot only. The optimiser answers max()
        # and count(*) from them, so a question that a commit overtakes would see rows of after it (measured: torn answers).
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        _attach(connection, where, read_only)
        connection.execute("USE lake")
        if read_only:
            create_staging(connection)
        else:
            migrate(connection, where.name)
    except duckdb.Error as error:
        connection.close()
        raise LakeError(f"cannot open the lake {where.name}: {str(error).splitlines()[0]}") from error
    except LakeError:
        connection.close()
        raise
    return connection


def create_staging(connection: duckdb.DuckDBPyConnection) -> None:
    """A temporary view for each file of sql/staging, named as the file. A view whose table is not there (yet) is left out:
    a lake without imports has no `market` tables, one without a keeper none of the keeper's."""
    folder = importlib.resources.files("analytics").joinpath("sql", "staging")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            name = f"stg_{file.name.removesuffix('.sql')}"
            try:
                connection.execute(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {file.read_text('utf-8')}")
            except duckdb.CatalogException:
                continue


def extension_file(extension: str) -> Path:
    """The DuckDB extension's file inside its PyPI package: nothing is downloaded or copied."""
    try:
        package = importlib.resources.files(importlib.import_module(f"duckdb_extension_{extension}"))
    except ModuleNotFoundError as error:
        name = f"duckdb-extension-{extension.replace('_', '-')}"
        raise LakeError(f"this catalog or store needs the Python package {name}=={duckdb.__version__}: install it") from error
    return Path(str(package / "extensions" / f"v{duckdb.__version__}" / f"{extension}.duckdb_extension"))


def _check(place: LakePlace, read_only: bool) -> None:
    """A clear word before DuckLake creates a lake by mistake."""
    file = place.catalog_file
    if file is None or file.exists():
        return
    if read_only:
        raise LakeError(f"there is no lake at {file}: name one with --lake DIRECTORY or {ENVIRONMENT}, or run the keeper first")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(f"cannot create a lake at {file}: {error.strerror}") from error


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
        raise LakeError(f"{catalog} is no lake (not a database): name another directory with --lake") from error
    tables = {name for (name,) in rows}
    connection.execute("DETACH probe")
    if tables and "ducklake_metadata" not in tables:
        raise LakeError(f"{catalog} is an SQLite file of something else, not a lake: name another directory with --lake")


def _extensions(place: LakePlace) -> list[str]:
    kind = place.catalog.partition(":")[0]
    if kind not in _CATALOG_EXTENSIONS:
        raise LakeError(f"unknown catalog kind {kind!r}: use one of {', '.join(_CATALOG_EXTENSIONS)}")
    remote = ["httpfs"] if "://" in place.data_path else []
    return [_CATALOG_EXTENSIONS[kind], *remote, "ducklake"]


def _attach(connection: duckdb.DuckDBPyConnection, place: LakePlace, read_only: bool) -> None:
    """Tried again for 5 s: while the daemon creates the lake its catalog is locked for moments."""
    # The catalog keeps its files' names relative to the data path; overriding it makes a lake movable and reachable by any spelling.
    options = [f"DATA_PATH '{_quoted(place.data_path)}'", "OVERRIDE_DATA_PATH true"]
    options += ["READ_ONLY"] if read_only else ["DATA_INLINING_ROW_LIMIT 0"]
    if place.catalog_file is not None:
        options += ["META_JOURNAL_MODE 'WAL'", f"META_BUSY_TIMEOUT {_BUSY_TIMEOUT_MS}"]
        # One SQLite connection per transaction: scans on connections of their own would see the catalog at other moments.
        connection.execute("SET sqlite_disable_multithreaded_scans = true")
        _refuse_foreign(connection, place.catalog_file)
    for attempt in range(1, _ATTACH_TRIES + 1):
        try:
            connection.execute(f"ATTACH 'ducklake:{_quoted(place.catalog)}' AS lake ({', '.join(options)})")
        except duckdb.Error:
            if attempt == _ATTACH_TRIES:
                raise
            time.sleep(_ATTACH_PAUSE_S)
        else:
            return


def _quoted(text: str) -> str:
    return text.replace("'", "''")
