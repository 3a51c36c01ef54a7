"""The whole report: sections in the order of an analyst's questions, drawn, and written as HTML and PNG files."""

import importlib.metadata
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import matplotlib as mpl

from analytics.answers.asked_for import Asked
from analytics.models.figure import VERSION
from analytics.report.page import page
from analytics.report.scope import Subject, subject
from analytics.report.section import Chart, Section
from analytics.report.sections import (
    bad_debt,
    books,
    cumulative,
    gain,
    hours,
    leaders,
    levels,
    leverage,
    prices,
    race,
    records,
    together,
    totals,
    waves,
)
from analytics.report.style import styled

_SECTIONS: tuple[Callable[[Subject], Section], ...] = (
    totals.section,
    prices.section,
    cumulative.section,
    levels.section,
    waves.section,
    gain.section,
    leverage.section,
    together.section,
    books.depth_section,
    books.cost_section,
    hours.section,
    leaders.section,
    race.keepers_section,
    race.missed_section,
    bad_debt.section,
    records.section,
)
_DPI = 150
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What was written: `html`, the PNG of every chart, and the sections with their tables."""

    title: str
    window: str
    html: Path
    images: tuple[Path, ...]
    sections: tuple[Section, ...]


def write_report(lake: duckdb.DuckDBPyConnection, asked: Asked, out: Path) -> Report:
    """Write `out`/report.html and one PNG per chart beside it. Raises OSError when `out` cannot be written."""
    out.mkdir(parents=True, exist_ok=True)
    with styled():
        about = subject(lake, asked.window, asked.title, asked.rules)
        sections = tuple(make(about) for make in _SECTIONS)
        charts = [chart for section in sections for chart in section.charts]
        images = tuple(_save(chart, out) for chart in charts)
        drawings = {chart.name: _drawing(chart) for chart in charts}
    title = f"Liquidations: {asked.title}"
    html = out / "report.html"
    html.write_text(page(title, asked.window.words, sections, drawings, _made_with()), "utf-8")
    return Report(title, asked.window.words, html, images, sections)


def _save(chart: Chart, out: Path) -> Path:
    path = out / f"{_NOT_IN_A_NAME.sub('_', chart.name)}.png"
    chart.figure.savefig(path, dpi=_DPI, format="png")
    chart.figure.set_layout_engine("none")  # the layout is found: the drawing need not look for it again
    return path


def _drawing(chart: Chart) -> str:
    """The chart as an SVG element; its ids are salted with its name, so that drawings on one page do not share them."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": chart.name}):
        chart.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    whole = text.getvalue()
    label = f'<svg role="img" aria-label="{chart.name.replace("_", " ")}" '
    return whole[whole.index("<svg ") :].replace("<svg ", label, 1)


def _made_with() -> str:
    version = importlib.metadata.version("perp-keeper")
    return f"perp-keeper {version}, definitions version {VERSION}. Every chart's caption has its window, n and quality."
