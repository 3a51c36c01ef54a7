"""The lake's tables, version by version: the keeper's and the market's. Each numbered .sql file and its line in `schema_migrations` are
one transaction, and with it the file of the same number that a protocol's folder may hold (keeper/venues/*/migrations): only the protocol
knows what its recorded events say of a new table."""

import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Literal

import duckdb

from keeper.errors import StoreError
from keeper.lake.faults import translated
from keeper.lake.write_turn import transaction

Schema = Literal["keeper", "market"]

_LEDGER = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `NNNN_name.sql`."""

    version: int
    name: str
    sql: str


def migrations(schema: Schema) -> tuple[Migration, ...]:
    """All steps this program knows of a catalog's tables, in order."""
    program = importlib.resources.files("keeper")
    protocols = list(_protocol_files(program.joinpath("venues"))) if schema == "keeper" else []
    steps = []
    for file in _sql_files(program.joinpath("lake", "schema", schema)):
        version = _version(file)
        parts = [file, *(part for part in protocols if _version(part) == version)]
        steps.append(Migration(version, file.name.removesuffix(".sql"), "\n".join(part.read_text("utf-8") for part in parts)))
    return tuple(steps)


def _protocol_files(venues: Traversable) -> Iterator[Traversable]:
    """Those of all protocols, as files: their code is not imported."""
    for protocol in sorted(venues.iterdir(), key=lambda entry: entry.name):
        folder = protocol.joinpath("migrations")
        if folder.is_dir():
            yield from _sql_files(folder)


def _sql_files(folder: Traversable) -> list[Traversable]:
    """By number."""
    return sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=_version)


def _version(file: Traversable) -> int:
    return int(file.name[:4])


def migrate(connection: duckdb.DuckDBPyConnection, lake: str, steps: tuple[Migration, ...]) -> None:
    """Bring the tables of the database in use to the newest version; the write turn is the caller's. `lake` is its name in messages.

    Raises StoreError for a lake that is newer than this program."""
    with translated(lake, "migrate"):
        connection.execute(_LEDGER)
        rows = connection.execute("SELECT version FROM schema_migrations").fetchall()
        present = {int(version) for (version,) in rows}
        known = max(step.version for step in steps)
        if present and max(present) > known:
            raise StoreError(
                f"the lake {lake} has schema version {max(present)}, this program knows {known}: install the newer perp-keeper, "
                "or name another directory in [lake] dir or with --lake"
            )
        for step in steps:
            if step.version not in present:
                _apply(connection, step)


def _apply(connection: duckdb.DuckDBPyConnection, step: Migration) -> None:
    with transaction(connection):
        connection.execute(step.sql)
        values = [step.version, step.name]
        connection.execute("INSERT INTO schema_migrations VALUES (?, ?, now()::TIMESTAMPTZ AT TIME ZONE 'UTC')", values)
