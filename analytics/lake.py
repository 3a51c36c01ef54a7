"""The lake as analytics opens it: both catalogs read-only for questions, the market's for imports."""

import importlib.resources
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analytics.errors import LakeError
from keeper.errors import KeeperError
from keeper.lake.connection import LAKE, MARKET, attach, holds_lake, unattached
from keeper.lake.migrations import migrate, migrations
from keeper.lake.place import LakePlace
from keeper.lake.relocation import holds_market, is_due, relocate
from keeper.lake.upkeep import tidy_if_many
from keeper.lake.write_turn import sole_keeper, write_turn

ENVIRONMENT = "PERP_KEEPER_LAKE"
CATALOG = "PERP_KEEPER__LAKE__CATALOG"
"""The keeper's own name for its setting lake.catalog in the environment; and of lake.data."""
DATA = "PERP_KEEPER__LAKE__DATA"
DEFAULT_DIRECTORY = Path("var/lake")


def lake_place(directory: Path | None, environment: Mapping[str, str]) -> LakePlace:
    """Which lake is meant: the given directory, else the environment's PERP_KEEPER_LAKE, else var/lake; where no directory is given, the
    environment's catalog and data stand in place of what would be in it. Raises LakeError."""
    if directory is not None:
        return LakePlace.at(directory)
    with _translated():
        return LakePlace.at(Path(environment.get(ENVIRONMENT, str(DEFAULT_DIRECTORY))), environment.get(CATALOG), environment.get(DATA))


def open_lake(place: LakePlace | Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with both catalogs attached read-only: keeper tables by plain name, recordings as `market.*`.

    Every file of sql/staging becomes a temporary view (those whose tables the lake does not have yet are left out). `place` None means
    `lake_place(None, os.environ)`. Raises LakeError in one line: no lake, no lake's file, busy for 5 s."""
    where = _place(place)
    connection = unattached()
    try:
        with _translated():
            _attach_for_questions(connection, where)
            create_staging(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_market(place: LakePlace | Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the market's catalog attached for writing and in use, created where there is none.

    Its tables are brought to this version; those of a lake of before, which are in the keeper's catalog, move here first: that needs the
    keeper to be away. Nothing else of this waits for the keeper's commits, nor they for it. Raises LakeError in one line."""
    where = _place(place)
    connection = unattached()
    try:
        with _translated():
            if is_due(connection, where):
                with sole_keeper(where.keeper):
                    relocate(where)
            attach(connection, where.market, MARKET, read_only=False)
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"USE {MARKET}")
            with write_turn(where.market):
                migrate(connection, where.market.name, migrations("market"))
    except BaseException:
        connection.close()
        raise
    return connection


def tidy_market(place: LakePlace | Path | None = None) -> None:
    """Merge the market's small files where there are many by now, and let old snapshots go. Raises LakeError."""
    with _translated():
        tidy_if_many(_place(place).market)


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


def _place(place: LakePlace | Path | None) -> LakePlace:
    return LakePlace.at(place) if isinstance(place, Path) else place or lake_place(None, os.environ)


def _attach_for_questions(connection: duckdb.DuckDBPyConnection, place: LakePlace) -> None:
    keeper, market = holds_lake(connection, place.keeper), holds_lake(connection, place.market)
    if not keeper and not market:
        known = f"name one with --lake DIRECTORY or {ENVIRONMENT}"
        raise LakeError(f"there is no lake at {place.keeper.name}: {known}, or run the keeper first")
    if keeper:
        attach(connection, place.keeper, LAKE, read_only=True)
    else:
        connection.execute(f"ATTACH ':memory:' AS {LAKE}")  # plain names are the keeper's: none of them is there
    # A lake of before answers with the market tables in the keeper's catalog until they have been moved.
    if market and not (keeper and holds_market(connection)):
        attach(connection, place.market, MARKET, read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    # DuckLake keeps a table's statistics and the row count of a merged file for the newest snapshot only. The optimiser answers max()
    # and count(*) from them, so a question that a commit overtakes would see rows of after it (measured: torn answers).
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    connection.execute(f"USE {LAKE}")


@contextmanager
def _translated() -> Iterator[None]:
    """The lake package's refusals, and what DuckDB says, as errors of this program."""
    try:
        yield
    except KeeperError as error:
        raise LakeError(str(error)) from error
    except duckdb.Error as error:
        raise LakeError(f"cannot open the lake: {str(error).splitlines()[0]}") from error
