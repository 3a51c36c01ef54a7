"""What the person at the terminal sees while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.demo.summary import Spread, Summary
from contracts.devnet import PlayedBlock


class Screen:
    """Steps with their duration, a live line for the cascade, tables at the end. Plain lines where stdout is no terminal."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

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
        started = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            yield Cascade(progress, progress.add_task(words, state="", total=None))
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
        self.console.print(_markets(summary), _figures(summary))

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


def _markets(summary: Summary) -> Table:
    table = Table(title="Liquidations by market", title_justify="left")
    table.add_column("market")
    for header in ("long", "short", "notional USD"):
        table.add_column(header, justify="right")
    for market, row in summary.liquidations_by_market.items():
        table.add_row(market, str(row.long), str(row.short), f"{row.notional_usd:,.0f}")
    return table


def _figures(summary: Summary) -> Table:
    table = Table(title="The run", title_justify="left", show_header=False)
    parity, profit = summary.parity, summary.keeper_profit_parts_usd
    rows = (
        ("traders, blocks", f"{summary.traders}, {summary.blocks}"),
        ("liquidations executed", f"{summary.liquidations_executed} (and {summary.collateral_liquidations} of collateral)"),
        ("accounts ever liquidatable / missed", f"{summary.accounts_ever_liquidatable} / {summary.missed}"),
        ("margin against the contract's view", f"{parity['comparisons']:,} comparisons, {parity['mismatches']} mismatches"),
        ("blocks late", _spread(summary.blocks_late)),
        ("RPC requests per block", _spread(summary.rpc_requests_per_block)),
        ("milliseconds per block", _spread(summary.block_ms)),
        ("keeper's profit", f"{summary.keeper_profit_usd:,.2f} USD, of it gas {-profit['gas']:,.2f}"),
        ("keeper's assets on chain", f"{summary.keeper_assets_change_usd:+,.2f} USD"),
        ("gas used, reverted attempts", f"{summary.gas_used:,}, {summary.reverted_attempts}"),
        ("bad debt", f"{summary.bad_debt_usd:,.2f} USD"),
        ("wall time", f"{summary.wall_seconds:.1f} s"),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _spread(spread: Spread) -> str:
    return f"p50 {spread.p50}, p99 {spread.p99}, max {spread.max} (n {spread.n})"
