"""(f) The lake: a block's rows committed as the recorder's thread does it (Arrow, columnar), against executemany on the same tables."""

import tempfile
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import duckdb

from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.records import EvaluationRecord, raw
from keeper.lake.batch import Batch, BlockCall, Written
from keeper.lake.connection import connect
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.writer import Writer
from tests.bench.rounds import Compared, alternate, scaled

_COLUMNS = [field.name for field in fields(EvaluationRecord)]
_INSERT = f"INSERT INTO evaluations ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"
_TIME_COLUMNS = frozenset({"block_time", "basis_time"})


def commits(sizes: Sequence[int] = (20, 200), rounds: int = 7) -> Sequence[Compared]:
    """Milliseconds per commit of one block, each contender in a lake of its own on the same disk."""
    compared = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as directory:
            columnar, plain = _opened(Path(directory) / "columnar"), _opened(Path(directory) / "plain")
            writer, numbers = Writer(columnar[0], columnar[1], 1), count(1)
            seconds = alternate(
                {"columnar": lambda: _columnar(writer, next(numbers), rows), "executemany": lambda: _rows(plain[0], next(numbers), rows)},  # noqa: B023
                rounds,
            )
            columnar[0].close()
            plain[0].close()
        question = f"lake, a block of {rows:,} rows"
        values = {name: scaled(each, 1e3) for name, each in seconds.items()}
        compared.append(Compared(question, "Arrow", "executemany", "ms", values["columnar"], values["executemany"], "one commit"))
    return compared


def _opened(directory: Path) -> tuple[duckdb.DuckDBPyConnection, LakeOptions]:
    options = LakeOptions.at(directory)
    connection = connect(options.place.keeper)
    migrate(connection, options.place.keeper.name, migrations("keeper"))
    return connection, options


def _columnar(writer: Writer, number: int, rows: int) -> None:
    batch = Batch(Written())
    batch.add(BlockCall(_block(number), _evaluations(number, rows), ("perp_v2",)))
    writer.commit(batch)


def _rows(connection: duckdb.DuckDBPyConnection, number: int, rows: int) -> None:
    connection.begin()
    connection.executemany(_INSERT, [_values(record) for record in _evaluations(number, rows)])
    connection.commit()


def _values(record: EvaluationRecord) -> tuple[object, ...]:
    named = zip(_COLUMNS, astuple(record), strict=True)
    return tuple(datetime.fromtimestamp(value, UTC).replace(tzinfo=None) if name in _TIME_COLUMNS else value for name, value in named)


def _evaluations(number: int, rows: int) -> list[EvaluationRecord]:
    block = _block(number)
    return [
        EvaluationRecord(
            chain_id=1, venue="perp_v2", account=f"0x{row:040x}", block_number=number, block_hash=block.hash, block_time=block.timestamp,
            basis_time=block.timestamp, candidate_id=None, equity_raw=raw(row * 10**20 + number), equity_usd=row * 100.0,
            requirement_raw=raw(10**20), requirement_usd=100.0, breach=None, usd_decimals=18,
        )
        for row in range(rows)
    ]  # fmt: skip


def _block(number: int) -> BlockRef:
    return BlockRef(number, Hash32(f"0x{number:064x}"), Hash32(f"0x{number - 1:064x}"), Timestamp(1_700_000_000 + 2 * number))
