"""What a report is made of: sections with charts and grids, or with the reason why there is nothing to show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from matplotlib.figure import Figure

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.cell import cell, shown_columns


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A figure with its file's stem and a caption that names unit, window, n and quality."""

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of ready cells. `numeric` holds the places of right-aligned columns."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """`reason` says in one line why a section has nothing."""

    title: str
    lead: str = ""
    charts: tuple[Chart, ...] = ()
    grids: tuple[Grid, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    tables: Mapping[str, pa.Table] = field(default_factory=dict)


def empty(title: str, table: pa.Table, **tables: pa.Table) -> Section:
    """A section that says why it has nothing."""
    return Section(title, reason=reason_of(table), notes=notes_of(table), tables=tables)


def grid(title: str, table: pa.Table, columns: Mapping[str, str], most: int = 15) -> Grid:
    """The first `most` rows of an answer; `columns` maps its names to headers. Those that say nothing are left out."""
    shown = shown_columns(table, columns)
    rows = tuple(tuple(cell(name, row[name]) for name in shown) for row in table.slice(0, most).to_pylist())
    numeric = frozenset(i for i, name in enumerate(shown) if not _is_text(table.schema.field(name).type))
    note = f"{most} of {table.num_rows:,} rows; all of them in `analytics export`" if table.num_rows > most else ""
    return Grid(title, tuple(columns[name] for name in shown), rows, numeric, note)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_nested(kind))
