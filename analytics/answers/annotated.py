"""Answers as Arrow tables that say in their schema's metadata what a reader must know: why they are empty, caveats and definitions."""

import json
from collections.abc import Sequence

import pyarrow as pa

_REASON, _NOTES = b"reason", b"notes"


def annotated(
    table: pa.Table, *, reason: str = "", notes: Sequence[str] = (), window: str = "", quality: str = "", n: int | None = None
) -> pa.Table:
    """The table with `reason` (kept only when it has no rows) and `notes` in its metadata; they survive in Parquet.

    `n`, `quality` and `window` that hold for every row become its last columns: no figure leaves without them."""
    for name, value, kind in (("n", n, pa.int64()), ("quality", quality or None, pa.string()), ("window", window or None, pa.string())):
        if value is not None and name not in table.column_names:
            table = table.append_column(name, pa.array([value] * table.num_rows, kind))
    kept = reason if table.num_rows == 0 else ""
    return table.replace_schema_metadata({_REASON: kept.encode(), _NOTES: json.dumps([note for note in notes if note]).encode()})


def reason_of(table: pa.Table) -> str:
    """Why the table is empty; "" when it is not."""
    return str((table.schema.metadata or {}).get(_REASON, b"").decode())


def notes_of(table: pa.Table) -> tuple[str, ...]:
    """What its reader must know, a sentence each."""
    return tuple(json.loads((table.schema.metadata or {}).get(_NOTES, b"[]")))
