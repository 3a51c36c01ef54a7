"""A connection that can read the lake and nothing else: no file, no other database, no extension, no setting.

DuckDB's own lock (`enable_external_access`, `lock_configuration`) is one half. It leaves two gaps: the lake's data directory must be
allowed, else its own files are closed too, and into an allowed directory COPY can write; and SQLite files are opened by the extension's
own library, which knows nothing of the lock (measured: `sqlite_scan` and `ATTACH ... (TYPE sqlite)` work behind it). The other half
closes them: a statement is read as DuckDB's own syntax tree, and only a SELECT whose tables come from functions named here is answered."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from analytics.errors import QueryError
from keeper.lake.place import LakePlace

_TABLE_FUNCTIONS = frozenset(
    {
        "range",
        "generate_series",
        "unnest",
        "repeat",
        "repeat_row",
        "duckdb_columns",
        "duckdb_tables",
        "duckdb_views",
        "duckdb_functions",
        "duckdb_types",
        "duckdb_keywords",
        "pragma_table_info",
        "ducklake_snapshots",
        "ducklake_current_snapshot",
        "ducklake_table_info",
        "ducklake_list_files",
        "ducklake_table_changes",
        "ducklake_table_insertions",
        "ducklake_table_deletions",
    }
)
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+|\([^)]*\)\s*)*", re.IGNORECASE)
_QUESTIONS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def seal(connection: duckdb.DuckDBPyConnection, place: LakePlace) -> None:
    """From here on, and for good: of all files only those of the lake's data are open."""
    connection.execute("SET allowed_directories = ?::VARCHAR[]", [[place.keeper.data_path, place.market.data_path]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def question(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one statement of `sql`. Raises QueryError when it is not one, no question, or asks something other than the lake; duckdb.Error
    when it is not SQL."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"give one statement, not {len(statements)}")
    (statement,) = statements
    if statement.type not in _QUESTIONS:
        raise QueryError(f"only questions are answered here: {statement.type.name} is refused, the lake is the keeper's to write")
    for name in _table_functions(_tree(connection, statement)):
        if name not in _TABLE_FUNCTIONS:
            raise QueryError(f"only the lake is read here: the function {name} is refused. Known: {', '.join(sorted(_TABLE_FUNCTIONS))}")
    return statement


def _tree(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> Any:
    text = statement.query
    if statement.type == duckdb.StatementType.EXPLAIN:
        text = _EXPLAIN.sub("", text, count=1)
    ((answer,),) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()
    tree = json.loads(answer)
    if tree["error"]:
        raise QueryError(f"only questions are answered here, SELECT and what is written like it: {tree['error_message']}")
    return tree


def _table_functions(node: Any) -> Iterator[str]:
    """The names of all functions in FROM clauses, wherever in the statement."""
    if isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            yield str(node["function"].get("function_name", "")).lower()
        for value in node.values():
            yield from _table_functions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _table_functions(value)
