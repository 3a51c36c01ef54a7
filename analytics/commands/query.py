"""`analytics query`: one question in SQL."""

import os
from typing import Annotated

import duckdb
import typer

from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm, emit
from analytics.errors import QueryError
from analytics.lake import lake_place, open_lake
from analytics.sealed import question, seal

_BATCH_ROWS = 20_000


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT (or DESCRIBE, SHOW, EXPLAIN) in DuckDB's SQL.", show_default=False)],
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Ask the lake in SQL. Works while the keeper writes; cannot change anything, and reads nothing but the lake.

    Tables by plain name (blocks, liquidations, decisions, ...), recordings as market.*, cleaned views as stg_keeper_* and stg_market_*.

    Examples:

      analytics query "SHOW ALL TABLES"

      analytics query "SELECT market, side, count(*), sum(notional_usd) FROM stg_keeper_liquidations GROUP BY ALL"

      analytics query --json "SELECT max(block_number) AS head FROM blocks"

      analytics query --parquet decisions.parquet "FROM decisions"
    """
    form = OutputForm(as_json, as_csv, parquet)
    place = lake_place(lake, os.environ)
    with open_lake(place) as connection:
        seal(connection, place)
        emit(ask(connection, sql).to_arrow_reader(_BATCH_ROWS), form)


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    """Run one question. Raises QueryError: not SQL, more than one statement, or one that asks something other than the lake."""
    try:
        return connection.execute(question(connection, sql))
    except duckdb.Error as error:
        raise QueryError(one_line(error)) from error


def one_line(error: duckdb.Error) -> str:
    """DuckDB's message without its drawing of where in the text it was."""
    lines = [line.strip() for line in str(error).split("\n\nLINE ")[0].splitlines()]
    return " ".join(line for line in lines if line)
