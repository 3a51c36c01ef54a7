"""How charts look: readable at the width of a phone and in grey: lines differ by dash and marker, bars by hatch, not by colour alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analytics.answers.window import Window

LONG, SHORT, INK, FAINT = "#16365c", "#f2a65a", "#222222", "#8a8a8a"
SHORT_HATCH = "////"
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
_COLOURS = ("#16365c", "#c8641b", "#4b8f5a", "#8a4f9e", "#555555", "#b8922b")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_STEPS = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800)
_RC = {
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
}
_WIDTH, _HEIGHT = 4.7, 3.3


@dataclass(frozen=True, slots=True)
class Look:
    """How the k-th series of a chart is drawn."""

    colour: str
    dash: str | tuple[int, tuple[int, ...]]
    marker: str


def look(place: int) -> Look:
    """Of the series at `place`, told apart without colour."""
    return Look(_COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)], _MARKERS[place % len(_MARKERS)])


@contextmanager
def styled() -> Iterator[None]:
    """Within it figures are made and saved in the report's style."""
    with mpl.rc_context(_RC):  # type: ignore[arg-type]  # the stubs list every key as a literal type
        yield


def figure(rows: int = 1, *, height: float = 1.0, ratios: tuple[float, ...] | None = None) -> tuple[Figure, list[Axes]]:
    """A figure of one column of axes that share their x axis, as wide as a phone shows it without shrinking letters."""
    made = Figure(figsize=(_WIDTH, _HEIGHT * height))
    axes = made.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratios)
    return made, [row[0] for row in axes]


def time_axis(axes: Axes, window: Window | None = None) -> None:
    """UTC times with as few words as they need."""
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time, UTC")
    if window is not None and window.since and window.until:
        axes.set_xlim(window.lake_since, window.lake_until)  # type: ignore[arg-type]  # dates are converted by the axis' units


def usd_axis(axes: Axes, label: str, *, which: str = "y") -> None:
    """An axis in USD with k, M and B."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: usd(value)))
    (axes.set_ylabel if which == "y" else axes.set_xlabel)(label)


def usd(value: float) -> str:
    """1.2M, 350k, 12."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def hatched(label: str) -> dict[str, Any]:
    """How bars of shorts, and the second of two series, are drawn: told apart from solid ones in grey."""
    return {"color": SHORT, "hatch": SHORT_HATCH, "edgecolor": "#5a3510", "linewidth": 0.3, "label": label}


def legend(axes: Axes, columns: int = 2) -> None:
    """Above the plot, where it hides nothing; none for a single unnamed series."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, borderaxespad=0.2, handlelength=2.6)


def bucket_seconds(window: Window, most: int = 120) -> float:
    """A round number of seconds that cuts the window into at most `most` parts."""
    length = (window.lake_until - window.lake_since) / timedelta(seconds=1)
    return next((step for step in _STEPS if length / step <= most), _STEPS[-1])
