"""`analytics import`: recordings of venues into the lake's market tables."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analytics.commands.options import AsJson, LakeDirectory
from analytics.commands.output import json_text, print_table
from analytics.errors import AnalyticsError
from analytics.lake import open_market, tidy_market
from analytics.sources import KINDS, FileReport, ImportProgress, ImportReport, ProgressBar, Silent, detect_kind, import_files

_COLUMNS = ("file", "rows", "duplicates", "rejects", "remarks")


def import_(
    kind: Annotated[str, typer.Argument(help="What the files are: 'kinds' lists all, 'auto' looks at each file.", show_default=False)],
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH...", help="Files, or folders with what is below them.", show_default=False)
    ] = None,
    lake: LakeDirectory = None,
    cadence_ms: Annotated[int, typer.Option(min=10, help="How often a rebuilt order book is kept, in milliseconds.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Import recordings of liquidations, trades, books, open interest and funding. Importing a file twice changes nothing.

    A row that cannot be right goes to market.rejects with file, line and reason; a file that cannot be right is left out with its reason
    and the command ends with exit code 1 after the others.

    Examples:

      analytics import kinds

      analytics import binance_force_orders liq_data.csv

      analytics import tardis_trades binance-delivery_trades_2025-10-10_*.csv.gz

      analytics import auto recordings/ --lake var/lake

      analytics query "FROM market.rejects"
    """
    if kind == "kinds":
        print_table("Kinds", [{"kind": name, "what": source.about} for name, source in KINDS.items()], ("kind", "what"), frozenset())
        return
    files = _files(paths or [])
    reports = _import(kind, files, lake, cadence_ms, quiet=as_json)
    if as_json:
        typer.echo(json_text([_as_object(report) for report in reports]))
    else:
        _show(reports)
    if any(report.rows for report in reports):
        tidy_market(lake)
    if refused := [file for report in reports for file in report.refused]:
        raise AnalyticsError(f"{len(refused)} of {len(files)} files not imported, first {refused[0].path}: {refused[0].refusal}")


def _files(paths: list[Path]) -> list[Path]:
    if not paths:
        raise typer.BadParameter("name at least one file or folder")
    files: list[Path] = []
    for path in paths:
        files += _below(path) if path.is_dir() else [path]
    return files


def _below(folder: Path) -> list[Path]:
    """Every file in the folder and the folders in it, hidden ones left alone."""
    return sorted(
        file for file in folder.rglob("*") if file.is_file() and not any(part[0] == "." for part in file.relative_to(folder).parts)
    )


def _import(kind: str, files: list[Path], lake: Path | None, cadence_ms: int, *, quiet: bool) -> list[ImportReport]:
    total = sum(file.stat().st_size for file in files if file.is_file())
    with ExitStack() as stack:
        connection = stack.enter_context(open_market(lake))
        progress: ImportProgress = Silent() if quiet else stack.enter_context(ProgressBar(Console(stderr=True), total))
        if kind != "auto":
            return [import_files(connection, kind, files, progress, book_cadence_ms=cadence_ms)]
        found, unknown = _sort_out(files)
        reports = [import_files(connection, kind, found[kind], progress, book_cadence_ms=cadence_ms) for kind in KINDS if kind in found]
        return [*reports, ImportReport("auto", unknown)] if unknown else reports


def _sort_out(files: list[Path]) -> tuple[dict[str, list[Path]], tuple[FileReport, ...]]:
    """The files of each kind, and those of none or of several."""
    found: dict[str, list[Path]] = {}
    unknown: list[FileReport] = []
    for file in files:
        try:
            found.setdefault(detect_kind(file), []).append(file)
        except AnalyticsError as refusal:
            unknown.append(FileReport(file, refusal=str(refusal)))
    return found, tuple(unknown)


def _show(reports: list[ImportReport]) -> None:
    cells = [
        {
            "file": file.path.name,
            "rows": f"{file.rows:,}",
            "duplicates": f"{file.duplicates:,}",
            "rejects": f"{file.rejects:,}",
            "remarks": _remarks(file),
        }
        for report in reports
        for file in report.files
    ]
    kinds = sorted({report.kind for report in reports})
    print_table(f"Imported as {', '.join(kinds)}", cells, _COLUMNS, frozenset(_COLUMNS[1:4]))


def _remarks(file: FileReport) -> str:
    if file.refusal:
        return f"not imported: {file.refusal}"
    return "; ".join((*file.notes, *(f"left out {skip.count:,} x {skip.reason}" for skip in file.skipped)))


def _as_object(report: ImportReport) -> dict[str, object]:
    return {
        "kind": report.kind,
        "rows": report.rows,
        "duplicates": report.duplicates,
        "rejects": report.rejects,
        "files": [
            {
                "path": str(file.path),
                "rows": file.rows,
                "duplicates": file.duplicates,
                "rejects": file.rejects,
                "skipped": {skip.reason: skip.count for skip in file.skipped},
                "notes": list(file.notes),
                "refusal": file.refusal,
            }
            for file in report.files
        ],
    }
