# ruff: noqa: S608 table and column names come from TABLES; everything of a file's is a parameter or a column
"""From selected rows to a market table: which are new, which the lake has, which contradict it. Transactions are the caller's."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from analytics.sources.recording import Recording
from analytics.sources.source import Output
from analytics.sources.tables import TABLES, Table
from analytics.sources.views import show_parquet

_REASON_LENGTH = 300
_RAW_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows one output selected, kept in a Parquet file of the work folder: memory stays bounded however long the recording is."""

    table: Table
    parquet: Path
    rows: int
    rejected: int
    repeats: int


def select_rows(connection: duckdb.DuckDBPyConnection, output: Output, parquet: Path) -> Selection:
    """Run an output's SELECT over the view `parsed`."""
    table = TABLES[output.table]
    connection.sql(output.select).write_parquet(str(parquet), compression="zstd")
    rows, rejected = connection.read_parquet(str(parquet)).aggregate("count(*), count(reason)").fetchall()[0]
    return Selection(table, parquet, rows, rejected, _repeats(connection, parquet, ", ".join(table.key)))


def write_rows(connection: duckdb.DuckDBPyConnection, selection: Selection, kind: str, source_file: str) -> int:
    """Insert the rows the lake does not have and return how many they were. Of good rows with the same key the first stays.

    The temporary table `refused` (line, reason) receives the rejected rows and those whose figures differ from the row that stays."""
    table, key = selection.table, ", ".join(selection.table.key)
    show_parquet(connection, "selected", selection.parquet)
    connection.execute("INSERT INTO refused SELECT line, reason FROM selected WHERE reason IS NOT NULL")
    repeats, known = selection.repeats, _show_known(connection, table)
    first = "SELECT * FROM selected WHERE reason IS NULL"
    if repeats:
        first += f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY line) = 1"
    if repeats or known:
        given = [name for name in table.figures if name in connection.table("selected").columns]
        connection.execute(_conflicts(table, given, first, key))
    fresh = f"SELECT first.* FROM ({first}) AS first ANTI JOIN known USING ({key})" if known else first
    columns = f"SELECT * EXCLUDE (line, reason), ?::VARCHAR AS source, ?::VARCHAR AS source_file FROM ({fresh})"
    inserted = connection.execute(f"INSERT INTO market.{table.name} BY NAME {columns}", [kind, source_file]).fetchall()
    return int(inserted[0][0])


def _repeats(connection: duckdb.DuckDBPyConnection, parquet: Path, key: str) -> int:
    """At least the rows whose key came before: by hash, which is a tenth of the memory. A collision only costs the exact look."""
    query = f"SELECT count(*) - count(DISTINCT hash({key})) FROM read_parquet(?) WHERE reason IS NULL"
    return int(connection.execute(query, [str(parquet)]).fetchall()[0][0])


def _show_known(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Create the view `known`: the rows of the lake in the selection's window of time. Returns how many there are."""
    window = "exchange_time BETWEEN (SELECT min(exchange_time) FROM selected) AND (SELECT max(exchange_time) FROM selected)"
    where = f"WHERE {window}" if table.timed else ""
    columns = ", ".join((*table.key, *table.figures, "source_file"))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW known AS SELECT {columns} FROM market.{table.name} {where}")
    return int(connection.execute("SELECT count(*) FROM known").fetchall()[0][0])


def _conflicts(table: Table, figures: list[str], first: str, key: str) -> str:
    """Good rows with the key of a row that stays, in the lake or earlier in the file, but other figures."""
    differs = " OR ".join(
        f"coalesce(abs(later.{name} - kept.{name}) > {table.slack} + 1e-9 * greatest(abs(later.{name}), abs(kept.{name})), false)"
        for name in figures
    )
    compared = ", ".join(figures)
    return f"""
        INSERT INTO refused
        WITH kept AS (
            SELECT {key}, {compared}, source_file AS place FROM known
            UNION ALL
            SELECT {key}, {compared}, format('line {{}}', line) AS place FROM ({first}) AS first ANTI JOIN known USING ({key})
        )
        SELECT later.line, 'the same {table.name} row has other figures in ' || min(kept.place)
        FROM selected AS later JOIN kept USING ({key})
        WHERE later.reason IS NULL AND ({differs})
        GROUP BY later.line
    """


def write_rejects(connection: duckdb.DuckDBPyConnection, recording: Recording, kind: str) -> int:
    """Replace the file's rejects by what is in `refused` now, with the text of each line. Returns how many."""
    connection.execute("DELETE FROM market.rejects WHERE kind = ? AND content_sha256 = ?", [kind, recording.sha256])
    count = int(connection.execute("SELECT count(*) FROM refused").fetchall()[0][0])
    if count:
        connection.execute(
            f"""INSERT INTO market.rejects BY NAME
            SELECT ?::VARCHAR AS kind, ?::VARCHAR AS source_file, ?::VARCHAR AS content_sha256,
                   line, left(reason, {_REASON_LENGTH}) AS reason, left(content, {_RAW_LENGTH}) AS raw_text
            FROM refused LEFT JOIN (SELECT line, content FROM raw) USING (line) ORDER BY line""",
            [kind, recording.name, recording.sha256],
        )
    return count
