"""Data-quality notes: coverage, sampling, gaps, rejects, flags."""

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.quality import quality
from analytics.report.scope import Subject
from analytics.report.section import Section, grid

_COLUMNS = {"topic": "topic", "about": "about", "finding": "finding", "n": "n"}


def section(of: Subject) -> Section:
    """Everything found, one row each."""
    found = quality(of.lake, of.window)
    tables = {"quality": found}
    if not found.num_rows:
        return Section("Data quality", reason=reason_of(found), tables=tables)
    return Section("Data quality", "", (), (grid("Findings", found, _COLUMNS, most=40),), notes_of(found), tables=tables)
