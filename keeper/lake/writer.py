"""One commit: a batch becomes rows, in one transaction. Runs on the recorder's thread only."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import duckdb
import pyarrow as pa

from keeper.domain.chain import BlockRef
from keeper.domain.records import TABLES, AttemptRecord, OutcomeRecord
from keeper.errors import StoreError
from keeper.lake.batch import CORRECTED, Batch, Written, stands_alone
from keeper.lake.columns import arrow_table, schemas
from keeper.lake.connection import LAKE
from keeper.lake.damage import settled_height
from keeper.lake.faults import is_busy, store_error
from keeper.lake.options import LakeOptions
from keeper.lake.write_turn import write_turn

_CURSORS = pa.schema(
    [
        pa.field("chain_id", pa.int64()),
        pa.field("venue", pa.string()),
        pa.field("block_number", pa.int64()),
        pa.field("block_hash", pa.string()),
        pa.field("parent_hash", pa.string()),
        pa.field("block_time", pa.timestamp("s")),
        pa.field("base_fee_wei", pa.string()),
    ]
)
_REMEMBERED = 10_000
"""Cursor rows, attempts and outcomes looked at to recognise what is written again after a crash."""


class Writer:
    """Writes one chain's batches through a connection that it closes in the end. A context manager."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, options: LakeOptions, chain_id: int) -> None:
        self._connection = connection
        self._place = options.place.keeper
        self._busy_s = options.busy_s
        self._chain_id = chain_id
        self._schemas = schemas()
        self._tables = ("cursors", *(table for table, _ in TABLES))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def renew(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Go on through this one."""
        self._connection.close()
        self._connection = connection

    def load(self) -> Written:
        """What is written already. Also takes away rows of blocks that never were committed: those blocks will come again."""
        self._transaction("clean up", self._remove_unfinished)
        written = Written()
        with_chain = {"chain": self._chain_id, "limit": _REMEMBERED}
        filled = self._filled()
        recent = "WHERE chain_id = $chain ORDER BY block_number DESC LIMIT $limit"
        if "cursors" in filled:
            written.cursors.update(self._fetch(f"SELECT venue, block_hash FROM cursors {recent}", with_chain))  # noqa: S608
        if "attempts" in filled:
            written.sent.update(self._fetch(f"SELECT transaction_hash, '', candidate_id FROM attempts {recent}", with_chain))  # noqa: S608
        if "outcomes" in filled:
            written.sent.update(self._fetch(f"SELECT transaction_hash, block_hash, candidate_id FROM outcomes {recent}", with_chain))  # noqa: S608
        if "blocks" in filled:
            written.sent.update(self._fetch(f"SELECT '', block_hash, '' FROM blocks {recent}", with_chain))  # noqa: S608
        return written

    def commit(self, batch: Batch) -> None:
        """All of the batch or nothing. Raises StoreError."""
        try:
            tables = self._arrow(batch)
        except (OverflowError, pa.ArrowException) as error:
            raise StoreError(f"a record does not fit its column in the lake {self._place.name}: {error}") from error

        def write() -> None:
            if batch.orphaned:
                self._remove(list(batch.orphaned.values()))
            for (venue, _), block in batch.corrected.items():
                self._clear(venue, block)
            for name, table in tables.items():
                self._connection.register("arriving", table)
                self._connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM arriving")  # noqa: S608 (names are our own)
                self._connection.unregister("arriving")

        self._transaction("write", write)

    def _arrow(self, batch: Batch) -> Mapping[str, pa.Table]:
        tables = {}
        for record, (name, schema) in self._schemas.items():
            if rows := batch.rows.get(record):
                tables[name] = arrow_table(schema, rows)
        if batch.cursors:
            moves = [self._cursor_row(venue, block) for venue, block in batch.cursors]
            tables["cursors"] = pa.Table.from_pylist(moves, schema=_CURSORS)
        return tables

    def _cursor_row(self, venue: str, block: BlockRef) -> dict[str, object]:
        return {
            "chain_id": self._chain_id,
            "venue": venue,
            "block_number": block.number,
            "block_hash": block.hash,
            "parent_hash": block.parent_hash,
            "block_time": block.timestamp,
            "base_fee_wei": str(block.base_fee_wei),
        }

    def _remove(self, orphaned: list[BlockRef]) -> None:
        values = {"chain": self._chain_id, "lowest": min(block.number for block in orphaned), "hashes": [block.hash for block in orphaned]}
        falling = ["cursors", *(table for table, record in TABLES if not stands_alone(record))]
        self._delete(falling, "chain_id = $chain AND block_number >= $lowest AND list_contains($hashes, block_hash)", values)

    def _clear(self, venue: str, block: BlockRef) -> None:
        """A venue's rows of a block that are written anew in this transaction."""
        values = {"chain": self._chain_id, "venue": venue, "number": block.number, "hash": block.hash}
        tables = [name for name, record in TABLES if record in CORRECTED]
        self._delete(tables, "chain_id = $chain AND venue = $venue AND block_number = $number AND block_hash = $hash", values)

    def _remove_unfinished(self) -> None:
        """What was sent stays: the outbox knows it and will not say it again."""
        sent = {name for name, record in TABLES if record in (AttemptRecord, OutcomeRecord)}
        reached = "greatest($settled, (SELECT coalesce(max(block_number), -1) FROM cursors WHERE chain_id = $chain))"
        tables = [table for table in self._tables if table not in sent]
        values = {"chain": self._chain_id, "settled": settled_height(self._place, self._chain_id)}
        self._delete(tables, f"chain_id = $chain AND block_number > {reached}", values)

    def _delete(self, tables: Sequence[str], condition: str, values: Mapping[str, object]) -> None:
        filled = self._filled()
        for table in tables:
            if table in filled:
                self._connection.execute(f"DELETE FROM {table} WHERE {condition}", values)  # noqa: S608 (names are our own)

    def _filled(self) -> frozenset[str]:
        """Tables with files. The others are not asked: scanning an empty table costs DuckLake 50 to 100 ms, a filled one 10 (measured)."""
        query = f"SELECT table_name FROM ducklake_table_info('{LAKE}') WHERE file_count > 0"  # noqa: S608 (the name is our own)
        return frozenset(str(name) for (name,) in self._connection.execute(query).fetchall())

    def _fetch(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Oldest first."""
        return self._connection.execute(query, values).fetchall()[::-1]

    def _transaction(self, doing: str, write: Callable[[], None]) -> None:
        """Run `write` in a transaction; again while a program that does not take turns holds the catalog, up to the options' limit."""
        give_up = time.monotonic() + self._busy_s
        pause = 0.02
        while True:
            try:
                with write_turn(self._place, self._busy_s):
                    self._connection.begin()
                    write()
                    self._connection.commit()
            except (duckdb.Error, OSError) as error:
                self._roll_back()
                if not isinstance(error, duckdb.Error) or not is_busy(error) or time.monotonic() > give_up:
                    raise store_error(self._place.name, doing, error) from error
                time.sleep(pause)
                pause = min(2 * pause, 1.0)
            else:
                return

    def _roll_back(self) -> None:
        """A failed commit may have ended its transaction already; DuckDB then says so with an error that tells nothing new."""
        try:
            self._connection.rollback()
        except duckdb.TransactionException:
            return
