"""An annotated table in the form the user asked for, with its reason when it is empty and its notes."""

from collections.abc import Sequence

import pyarrow as pa
import typer

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.cell import cell, shown_columns
from analytics.commands.output import OutputForm, console, emit, json_text, print_table

_SHOWN_ROWS = 200


def answer(table: pa.Table, form: OutputForm, *, title: str = "", columns: Sequence[str] = ()) -> None:
    """Print or write one table. JSON is an object of `rows`, `reason` and `notes`; CSV has rows only, its notes go to standard error.

    `columns`: those worth a terminal's width; the other forms have all."""
    if form.as_json:
        typer.echo(json_text(as_object(table)))
    elif form.parquet is not None:
        emit(table.to_reader(), form)
    elif form.as_csv:
        if table.num_columns:
            emit(table.to_reader(), form)
        for line in (reason_of(table), *notes_of(table)):
            if line:
                typer.echo(line, err=True)
    else:
        _show(table, title, columns)


def as_object(table: pa.Table) -> dict[str, object]:
    """The table as JSON has it."""
    return {"rows": table.to_pylist(), "reason": reason_of(table), "notes": list(notes_of(table))}


def _show(table: pa.Table, title: str, columns: Sequence[str]) -> None:
    out = console()
    if title:
        out.print(title, style="bold")
    if table.num_rows == 0:
        out.print(reason_of(table))
    else:
        shown = _narrowed(table, columns or table.column_names)
        numeric = frozenset(field.name for field in shown.schema if not _is_text(field.type))
        rows = ({name: cell(name, value) for name, value in row.items()} for row in shown.slice(0, _SHOWN_ROWS).to_pylist())
        more = f"the first {_SHOWN_ROWS} of {table.num_rows:,} rows; all of them with --json, --csv or --parquet FILE"
        print_table("", rows, shown.column_names, numeric, more if table.num_rows > _SHOWN_ROWS else "")
    for note in notes_of(table):
        out.print(f"- {note}", style="dim")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_nested(kind))


def _narrowed(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The columns for a screen, without the one window that the user gave."""
    return table.select([name for name in shown_columns(table, columns) if name != "window"])
