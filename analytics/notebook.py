"""What a notebook needs besides the questions: opening a lake by a path's name, and writing a report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from analytics.answers.asked_for import asked_for
from analytics.lake import lake_place, open_lake

if TYPE_CHECKING:
    from analytics.report import Report


def open_for_questions(directory: str | Path | None = None) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the lake in `directory` (None: PERP_KEEPER_LAKE, else var/lake). Raises LakeError."""
    return open_lake(lake_place(Path(directory) if directory is not None else None, os.environ))


def write_report(lake: duckdb.DuckDBPyConnection, event_or_range: str, out: str | Path = "var/report") -> Report:
    """Write the report of an event's start, FROM/TO, "last" or "all"; see `analytics report`. Raises CallError."""
    from analytics.report import write_report as write  # matplotlib loads for half a second: only here

    return write(lake, asked_for(lake, event_or_range), Path(out))
