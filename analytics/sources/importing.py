"""`import_files`: what all kinds share. Check, read, normalise, write in one transaction per file, remember."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from analytics.sources.kinds import KINDS, shape_for
from analytics.sources.progress import ImportProgress
from analytics.sources.recording import Recording, lines_of, open_recording
from analytics.sources.refusal import Refusal
from analytics.sources.source import Shape, Source
from analytics.sources.views import show_parquet, show_raw
from analytics.sources.writing import Selection, select_rows, write_rejects, write_rows
from keeper.lake.connection import MARKET
from keeper.lake.write_turn import write_transaction

_MACROS = Path(__file__).parent / "macros.sql"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Well-formed rows that are not this kind's business, e.g. spot fills among perpetual ones."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. `refusal` is why nothing of it was taken; then the counts are zero."""

    path: Path
    rows: int = 0
    rejects: int = 0
    duplicates: int = 0
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all files of one import. `rows` are new to the lake; `duplicates` it had already."""

    kind: str
    files: tuple[FileReport, ...]

    @property
    def rows(self) -> int:
        """Rows added to the lake."""
        return sum(file.rows for file in self.files)

    @property
    def rejects(self) -> int:
        """Rows in market.rejects because of these files."""
        return sum(file.rejects for file in self.files)

    @property
    def duplicates(self) -> int:
        """Good rows the lake had already."""
        return sum(file.duplicates for file in self.files)

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """Files of which nothing was taken."""
        return tuple(file for file in self.files if file.refusal)


def import_files(
    connection: duckdb.DuckDBPyConnection, kind: str, paths: Sequence[Path], progress: ImportProgress, *, book_cadence_ms: int = 1000
) -> ImportReport:
    """Import recordings of one kind into the tables of `market`: a database, or a schema of the one in use.

    `book_cadence_ms`: how often a rebuilt order book is kept. A file that cannot be taken is reported with its reason and the others go on.
    Raises Refusal for a kind nobody knows; errors of the lake itself (duckdb.Error while writing) pass through."""
    source = KINDS.get(kind)
    if source is None:
        raise Refusal(f"unknown kind {kind!r}; known kinds: {', '.join(KINDS)}")
    connection.execute(_MACROS.read_text("utf-8"))
    connection.execute("SET VARIABLE book_cadence_ms = ?", [book_cadence_ms])
    return ImportReport(kind, tuple(_import_file(connection, source, path, progress, book_cadence_ms) for path in paths))


def _import_file(
    connection: duckdb.DuckDBPyConnection, source: Source, path: Path, progress: ImportProgress, cadence_ms: int
) -> FileReport:
    if source.in_place:
        return FileReport(path, refusal=f"{source.about}: nothing to import")
    progress.start(path, path.stat().st_size if path.is_file() else 0)
    try:
        progress.step("check")
        recording = open_recording(path, progress.advance)
        shape = shape_for(source, recording.sample)
        options = f"book_cadence_ms={cadence_ms}" if shape.rebuild else ""
        before = _imported(connection, source.kind, recording, options)
        if before is not None and before.rejects == 0:
            return FileReport(path, duplicates=before.rows, notes=("this file is in the lake already",))
        with tempfile.TemporaryDirectory(prefix="analytics-import-") as folder:
            return _Import(connection, source.kind, shape, recording, options, Path(folder), progress, cadence_ms).run(before)
    except Refusal as refusal:
        return FileReport(path, refusal=str(refusal))


@dataclass(frozen=True, slots=True)
class _Before:
    rows: int
    rejects: int


def _imported(connection: duckdb.DuckDBPyConnection, kind: str, recording: Recording, options: str) -> _Before | None:
    """An earlier import of the same bytes. With rejects it is read again: what rejected rows then may be mended now."""
    found = connection.execute(
        "SELECT rows + duplicates, rejects FROM market.imports WHERE kind = ? AND content_sha256 = ? AND options = ?",
        [kind, recording.sha256, options],
    ).fetchall()
    return _Before(*found[0]) if found else None


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way."""

    connection: duckdb.DuckDBPyConnection
    kind: str
    shape: Shape
    recording: Recording
    options: str
    folder: Path
    progress: ImportProgress
    cadence_ms: int

    def run(self, before: _Before | None) -> FileReport:
        """Read and normalise outside the transaction, then write in one."""
        self.progress.step("read")
        try:
            selections = self._read()
            skipped, notes = self._skipped(), self._notes(selections)
        except duckdb.Error as error:
            raise Refusal(_plain(error)) from error
        self._refuse_when_mostly_bad(selections)
        self.progress.step("write")
        report = self._write(selections, skipped, notes, before)
        self.progress.advance(self.recording.size)
        return report

    def _read(self) -> tuple[Selection, ...]:
        show_raw(self.connection, self.recording, self.folder)
        self.connection.execute("SET VARIABLE import_file = ?", [self.recording.path.name])
        parsed = self.folder / "parsed.parquet"
        self.connection.sql(self.shape.parse).write_parquet(str(parsed), compression="zstd")
        show_parquet(self.connection, "parsed", parsed)
        if self.shape.refuse:
            for (reason,) in self.connection.execute(self.shape.refuse).fetchall():
                raise Refusal(reason)
        if self.shape.rebuild:
            self._show_rebuilt(self.shape)
        return tuple(select_rows(self.connection, output, self.folder / f"{output.table}.parquet") for output in self.shape.outputs)

    def _show_rebuilt(self, shape: Shape) -> None:
        assert shape.rebuild is not None
        parquet = self.folder / "rebuilt.parquet"
        with lines_of(self.recording) as lines:
            batches = shape.rebuild(lines, self.cadence_ms)
            first = next(batches)
            with pq.ParquetWriter(parquet, first.schema) as writer:
                writer.write_batch(first)
                for batch in batches:
                    writer.write_batch(batch)
        show_parquet(self.connection, "rebuilt", parquet)

    def _skipped(self) -> tuple[Skipped, ...]:
        counted = self.connection.execute("SELECT skip, count(*) FROM parsed WHERE skip IS NOT NULL GROUP BY skip ORDER BY skip").fetchall()
        return tuple(Skipped(reason, count) for reason, count in counted)

    def _notes(self, selections: tuple[Selection, ...]) -> tuple[str, ...]:
        notes = [text for (text,) in self.connection.execute(self.shape.notes).fetchall() if text] if self.shape.notes else []
        if not any(selection.rows for selection in selections):
            notes.append("no rows of this kind in the file")
        return tuple(notes)

    def _refuse_when_mostly_bad(self, selections: tuple[Selection, ...]) -> None:
        """A file most of whose rows are wrong is the wrong file: better nothing than the few that happen to pass."""
        rows, rejected = sum(s.rows for s in selections), sum(s.rejected for s in selections)
        if 2 * rejected <= rows:
            return
        bad = next(selection for selection in selections if selection.rejected)
        query = "SELECT line, reason FROM read_parquet(?) WHERE reason IS NOT NULL ORDER BY line LIMIT 1"
        line, reason = self.connection.execute(query, [str(bad.parquet)]).fetchall()[0]
        raise Refusal(f"{rejected:,} of {rows:,} rows cannot be read as {self.kind}; line {line}: {reason}")

    def _write(
        self, selections: tuple[Selection, ...], skipped: tuple[Skipped, ...], notes: tuple[str, ...], before: _Before | None
    ) -> FileReport:
        self.connection.execute("CREATE OR REPLACE TEMP TABLE refused (line BIGINT, reason VARCHAR)")
        with write_transaction(self.connection, MARKET):
            rows = sum(write_rows(self.connection, selection, self.kind, self.recording.name) for selection in selections)
            rejects = write_rejects(self.connection, self.recording, self.kind)
            duplicates = sum(selection.rows for selection in selections) - rejects - rows
            self._remember(rows, duplicates, rejects, skipped, notes)
        again = ("this file is in the lake already; its rejects were tried again",) if before else ()
        return FileReport(self.recording.path, rows, rejects, duplicates, skipped, notes + again)

    def _remember(self, rows: int, duplicates: int, rejects: int, skipped: tuple[Skipped, ...], notes: tuple[str, ...]) -> None:
        same = "FROM market.imports WHERE kind = ? AND content_sha256 = ? AND options = ?"
        file = [self.kind, self.recording.sha256, self.options]
        held = int(self.connection.execute(f"SELECT coalesce(sum(rows), 0) {same}", file).fetchall()[0][0])
        self.connection.execute(f"DELETE {same}", file)
        self.connection.execute(
            """INSERT INTO market.imports (kind, content_sha256, options, source_file, path, bytes, imported_at, rows, duplicates,
                rejects, skipped, notes)
               VALUES (?, ?, ?, ?, ?, ?, make_timestamp(epoch_us(now())), ?, ?, ?, ?, ?)""",
            [
                *file,
                self.recording.name,
                str(self.recording.path),
                self.recording.size,
                held + rows,
                duplicates - held,
                rejects,
                "; ".join(f"{skip.count:,} x {skip.reason}" for skip in skipped),
                "; ".join(notes),
            ],
        )


def _plain(error: duckdb.Error) -> str:
    """DuckDB's message as one line."""
    text = str(error)
    if "unicode" in text.casefold() or "utf-8" in text.casefold():
        return "is not UTF-8 text"
    return " ".join(text.split("\n")[0].split())
