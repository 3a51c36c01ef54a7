"""Importers of real recordings into the lake's `market` tables.

`import_files(connection, kind, paths, progress)` imports; `KINDS` lists what is known; `detect_kind(path)` says what a file is;
`show_ledger(connection)` puts the keeper's own liquidations beside the imported ones."""

from analytics.sources.importing import FileReport, ImportReport, Skipped, import_files
from analytics.sources.keeper import show_ledger
from analytics.sources.kinds import KINDS, detect_kind
from analytics.sources.progress import ImportProgress, ProgressBar, Silent
from analytics.sources.refusal import Refusal

__all__ = [
    "KINDS",
    "FileReport",
    "ImportProgress",
    "ImportReport",
    "ProgressBar",
    "Refusal",
    "Silent",
    "Skipped",
    "detect_kind",
    "import_files",
    "show_ledger",
]
