"""The lake's tables, version by version: the keeper's and the market's. Each numbered .sql file and its line in `schema_migrations` are
one transaction."""

import importlib.resources
from dataclasses import dataclass
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
    folder = importlib.resources.files("keeper.lake").joinpath("schema", schema)
    files = (entry for entry in folder.iterdir() if entry.name.endswith(".sql"))
    steps = (Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text("utf-8")) for file in files)
    return tuple(sorted(steps, key=lambda step: step.version))


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
