"""Rows on a terminal, as JSON or CSV on standard output, or in a Parquet file. Large results stream."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import typer
from rich.console import Console
from rich.table import Table

_SHOWN_ROWS = 200


@dataclass(frozen=True, slots=True)
class OutputForm:
    """What the user asked for; at most one of the three, a table where none is."""

    as_json: bool = False
    as_csv: bool = False
    parquet: Path | None = None

    def __post_init__(self) -> None:
        if (self.as_json, self.as_csv, self.parquet is not None).count(True) > 1:
            raise typer.BadParameter("give only one of --json, --csv and --parquet")

    @property
    def for_a_screen(self) -> bool:
        """Whether a reader sees it, who may be shown more than the one table."""
        return not self.as_json and not self.as_csv and self.parquet is None


def emit(rows: pa.RecordBatchReader, form: OutputForm) -> None:
    """All rows in the wanted form; the terminal shows the first 200 and says so."""
    if form.parquet is not None:
        _write_parquet(rows, form.parquet)
    elif form.as_json:
        _print_json(rows)
    elif form.as_csv:
        _print_csv(rows)
    else:
        _print_table(rows)


def json_text(value: object) -> str:
    """JSON of rows and figures: times in ISO with Z (UTC), no figure as null."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str)


def print_table(title: str, rows: Iterable[Mapping[str, str]], columns: Sequence[str], numeric: frozenset[str], note: str = "") -> None:
    """Ready-made cells as a rich table."""
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left", no_wrap=column in numeric)
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    out = console()
    out.print(table)
    if note:
        out.print(note)


def console() -> Console:
    """Standard output; wide enough for a table when it is a file or a pipe."""
    out = Console(highlight=False, markup=False)
    return out if out.is_terminal else Console(highlight=False, markup=False, width=200)


def _print_table(rows: pa.RecordBatchReader) -> None:
    shown: list[dict[str, Any]] = []
    more = False
    for batch in rows:
        room = _SHOWN_ROWS - len(shown)
        shown += batch.slice(0, room).to_pylist()
        more = more or batch.num_rows > room
        if more:
            break
    numeric = frozenset(field.name for field in rows.schema if pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    cells = ({name: _cell(value) for name, value in row.items()} for row in shown)
    if more:
        note = f"the first {_SHOWN_ROWS} rows; all of them with --json, --csv or --parquet FILE"
    else:
        note = "1 row" if len(shown) == 1 else f"{len(shown)} rows"
    print_table("", cells, rows.schema.names, numeric, note)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.2f}"
    return str(_plain(value)) if isinstance(value, datetime) else str(value)


def _print_json(rows: pa.RecordBatchReader) -> None:
    out = sys.stdout
    separator = "[\n"
    for batch in rows:
        for row in batch.to_pylist():
            out.write(separator + json_text(row))
            separator = ",\n"
    out.write("[]\n" if separator == "[\n" else "\n]\n")


def _write_parquet(rows: pa.RecordBatchReader, path: Path) -> None:
    written = 0
    with pa.parquet.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)
            written += batch.num_rows
    console().print(f"{written} rows in {path}")


def csv_file(table: pa.Table, path: Path) -> None:
    """A table as a CSV file with a header line."""
    with path.open("wb") as sink:
        _write_csv(table.to_reader(), sink)


def _print_csv(rows: pa.RecordBatchReader) -> None:
    sys.stdout.flush()
    _write_csv(rows, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _write_csv(rows: pa.RecordBatchReader, sink: BinaryIO) -> None:
    schema = pa.schema([field.with_type(pa.string()) if pa.types.is_nested(field.type) else field for field in rows.schema])
    with pa.csv.CSVWriter(sink, schema) as writer:
        for batch in rows:
            writer.write_batch(pa.record_batch([_csv_column(column) for column in batch.columns], schema=schema))


def _csv_column(column: pa.Array) -> pa.Array:
    """CSV knows no nested columns: those become JSON text."""
    if not pa.types.is_nested(column.type):
        return column
    return pa.array([None if value is None else json_text(value) for value in column.to_pylist()], pa.string())


def _plain(value: object) -> object:
    match value:
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return str(value)
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value
