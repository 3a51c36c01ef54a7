"""Looks into the lake without writing, beside a running daemon: what `keeper positions`, `explain` and `replay` start from."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import duckdb
import pyarrow as pa

from keeper.errors import ConfigError
from keeper.store import recovery
from keeper.store.connection import connect
from keeper.store.faults import translated
from keeper.store.options import LakeOptions
from keeper.store.recovery import Recovered


class LakeReader:
    """One reading connection. A context manager; raises ConfigError on entering where there is no lake."""

    def __init__(self, options: LakeOptions, chain_id: int) -> None:
        self._options = options
        self._chain_id = chain_id
        self._stack = ExitStack()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        file = self._options.catalog_file
        if file is not None and not file.exists():
            raise ConfigError(f"there is no lake at {file}: start `keeper run` or `keeper backfill` first, or set [lake] dir.")
        self._connection = self._stack.enter_context(connect(self._options))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def recovered(self, venue: str, finality_depth: int) -> Recovered:
        """Where the daemon last was with `venue`."""
        return recovery.recovered(self._open(), self._options.name, self._chain_id, venue, finality_depth)

    def venue_events(self, venue: str, *, after: int = -1, batch_rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """The venue's recorded events above block `after`, in order."""
        return recovery.venue_events(self._open(), self._options.name, self._chain_id, venue, after, batch_rows)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query of our own, one dictionary each. Raises StoreError."""
        with translated(self._options.name, "read"):
            table = self._open().execute(sql, list(values)).to_arrow_table()
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise ConfigError("the lake reader is not open: use it as a context manager")
        return self._connection
