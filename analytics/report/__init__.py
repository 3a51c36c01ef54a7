"""`analytics report`: one event or range as a self-contained HTML page with its charts as PNG files beside it."""

from analytics.report.report import Report, write_report

__all__ = ["Report", "write_report"]
