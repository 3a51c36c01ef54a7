"""The market's tables in plain DuckDB: the importers need nothing of DuckLake."""

import duckdb

from keeper.lake.migrations import migrate, migrations


def market_in_memory() -> duckdb.DuckDBPyConnection:
    """A connection with the tables of `market`, empty, and that database in use."""
    connection = duckdb.connect(config={"threads": "2"})
    connection.execute("ATTACH ':memory:' AS market")
    connection.execute("USE market")
    migrate(connection, "memory", migrations("market"))
    return connection
