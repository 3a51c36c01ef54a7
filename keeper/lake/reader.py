"""Looks into the lake without writing, beside a running daemon: what `keeper positions`, `explain` and `replay` start from."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import duckdb
import pyarrow as pa

from keeper.errors import ConfigError
from keeper.lake import recovery
from keeper.lake.connection import connect, exists
from keeper.lake.faults import translated
from keeper.lake.place import CatalogPlace
from keeper.lake.recovery import Recovered


class LakeReader:
    """One reading connection. A context manager; raises ConfigError on entering where there is no lake."""

    def __init__(self, place: CatalogPlace, chain_id: int) -> None:
        self._place = place
        self._chain_id = chain_id
        self._stack = ExitStack()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        if not exists(self._place):
            raise ConfigError(f"there is no lake at {self._place.name}: start `keeper run` or `keeper backfill` first, or set [lake] dir.")
        self._connection = self._stack.enter_context(connect(self._place))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def recovered(self, venue: str, finality_depth: int) -> Recovered:
        """Where the daemon last was with `venue`."""
        return recovery.recovered(self._open(), self._place.name, self._chain_id, venue, finality_depth)

    def venue_events(self, venue: str, *, after: int = -1, batch_rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """The venue's recorded events above block `after`, in order."""
        return recovery.venue_events(self._open(), self._place.name, self._chain_id, venue, after, batch_rows)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query of our own, one dictionary each. Raises StoreError."""
        with translated(self._place.name, "read"):
            table = self._open().execute(sql, list(values)).to_arrow_table()
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise ConfigError("the lake reader is not open: use it as a context manager")
        return self._connection
