"""The tables analytics owns (schema `market`), version by version. Each numbered file of schema/ is one transaction with its record."""

import importlib.resources
from dataclasses import dataclass

import duckdb

from analytics.errors import LakeError
from analytics.transaction import write_transaction

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS market.schema_migrations (version BIGINT NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `NNNN_name.sql`."""

    version: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """All steps this program knows, in order."""
    files = (entry for entry in importlib.resources.files("analytics").joinpath("schema").iterdir() if entry.name.endswith(".sql"))
    steps = (Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text("utf-8")) for file in files)
    return tuple(sorted(steps, key=lambda step: step.version))


def migrate(connection: duckdb.DuckDBPyConnection, lake: str, steps: tuple[Migration, ...] | None = None) -> None:
    """Bring the `market` tables to the newest version. Works on any connection whose current database is the lake (or a plain one).

    Raises LakeError for a lake that is newer than this program."""
    wanted = migrations() if steps is None else steps
    with write_transaction(connection):
        connection.execute("CREATE SCHEMA IF NOT EXISTS market")
        connection.execute(_LEDGER)
    present = {int(version) for (version,) in connection.execute("SELECT version FROM market.schema_migrations").fetchall()}
    known = max((step.version for step in wanted), default=0)
    if present and max(present) > known:
        raise LakeError(
            f"the market tables of {lake} have schema version {max(present)}, this program knows {known}: install the newer perp-keeper"
        )
    for step in wanted:
        if step.version not in present:
            _apply(connection, step)


def _apply(connection: duckdb.DuckDBPyConnection, step: Migration) -> None:
    with write_transaction(connection):
        connection.execute(step.sql)
        values = [step.version, step.name]
        connection.execute("INSERT INTO market.schema_migrations VALUES (?, ?, now()::TIMESTAMPTZ AT TIME ZONE 'UTC')", values)
