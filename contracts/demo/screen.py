"""What the person at the terminal sees while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from contracts.demo.joint_summary import JointSummary
from contracts.demo.summary import Summary
from contracts.demo.tables import joint_tables, tables
from contracts.devnet import PlayedBlock


class Screen:
    """Steps with their duration, a live line for the cascade, tables at the end. Plain lines where stdout is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """One step of the run: shown while it lasts, with its duration when it is done."""
        started = time.monotonic()
        with self.console.status(words):
            yield
        self.console.print(f"[green]✓[/] {words} [dim]({time.monotonic() - started:.1f} s)[/]")

    @contextmanager
    def cascade(self, words: str) -> Iterator[Cascade]:
        """The live line of a played path."""
        with self.cascades(words, (words,)) as lines:
            yield lines[words]

    @contextmanager
    def cascades(self, words: str, names: Sequence[str]) -> Iterator[Mapping[str, Cascade]]:
        """A live line each for paths that are played at a time; `words` stand when they are over."""
        started = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            yield {name: Cascade(progress, progress.add_task(name, state="", total=None)) for name in names}
        self.console.print(f"[green]✓[/] {words} [dim]({time.monotonic() - started:.1f} s)[/]")

    @contextmanager
    def counting(self, words: str, total: int) -> Iterator[Callable[[], None]]:
        """A bar over `total` items; call what is given after each."""
        started = time.monotonic()
        with Progress(TextColumn("{task.description}"), BarColumn(bar_width=30), console=self.console, transient=True) as progress:
            task = progress.add_task(words, total=total)
            yield lambda: progress.advance(task)
        self.console.print(f"[green]✓[/] {words} [dim]({time.monotonic() - started:.1f} s)[/]")

    def summary(self, summary: Summary) -> None:
        """The tables."""
        self.console.print(*tables(summary))

    def joint_summary(self, summary: JointSummary) -> None:
        """The tables, each venue's figures beside the other's."""
        self.console.print(*joint_tables(summary))

    def findings(self, report: str) -> None:
        """What the analytics report says in words."""
        for line in report.splitlines():
            if line.startswith(_FINDINGS):
                self.console.print(line, soft_wrap=True, markup=False)


_FINDINGS = ("- What was liquidated", "- The liquidation map")
"""The report's lines that fit below the run's own figures."""


class Cascade:
    """The live line: prices, who is liquidatable by the contract's view, what the keeper has landed."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def show(self, block: PlayedBlock, landed: int) -> None:
        """After each block."""
        prices = "  ".join(f"{market} {price / 10**8:,.0f}" for market, price in block.index_8.items())
        state = f"block {block.number}  {prices}  transactions landed {landed:>3}"
        self._progress.update(self._task, total=block.steps, completed=block.step + 1, state=state)
