"""What an importer is: the shapes of file it reads, and for each the SQL from lines to rows of market tables."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Form = Literal["csv", "frames", "stamped", "parquet"]
"""csv: separated text; frames: one JSON value per line; stamped: receive time in ns, a space, JSON; parquet."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file: its form and first lines, or the column names of a Parquet file."""

    name: str
    form: Form
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """Rows of one market table out of the view `parsed`.

    `select` yields `line`, `reason` (null for a good row) and columns of the table by their names; columns it leaves out are null.
    The writer adds `source` and `source_file`."""

    table: str
    select: str


Rebuild = Callable[[Iterator[bytes], int], Iterator[pa.RecordBatch]]
"""Lines of a stamped recording and a cadence in ms -> rows no SQL can compute; they become the view `rebuilt`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One layout of file. Read in the order: columns, parse, normalise.

    `columns` is the header (csv, parquet), or what the fields are when there is no header.
    `parse` selects from the view `raw` (line, content; for Parquet also the file's columns) and must yield `line` and `skip`
    (why a well-formed row is not this kind's business, else null). `refuse` selects at most one text: why the whole file is wrong.
    `notes` selects texts a reader of the rows should know."""

    form: Form
    columns: tuple[str, ...]
    fits: Callable[[Sample], bool]
    parse: str
    outputs: tuple[Output, ...]
    refuse: str | None = None
    notes: str | None = None
    rebuild: Rebuild | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of recording, as named on the command line."""

    kind: str
    about: str
    shapes: Sequence[Shape]
    in_place: bool = False
    """The lake has it already: there is nothing to import."""


def has_header(*columns: str) -> Callable[[Sample], bool]:
    """The first line is exactly this header (csv), or these are the file's columns in any order (parquet)."""

    def fits(sample: Sample) -> bool:
        found = tuple(sample.lines[0].strip().split(",")) if sample.form == "csv" and sample.lines else sample.lines
        return sorted(found) == sorted(columns) if sample.form == "parquet" else found == columns

    return fits


def has_text(text: str) -> Callable[[Sample], bool]:
    """One of the first lines contains this text."""

    def fits(sample: Sample) -> bool:
        return any(text in line for line in sample.lines)

    return fits
