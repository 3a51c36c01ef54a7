"""`python -m tests.chaos`: what `make chaos` runs."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.chaos import scenarios
from tests.chaos.scenario import TOTALS, ZEROS, Row, Scenario
from tests.chaos.verdict import Verdict

_MOST_DIFFERENCE = 0.10
_COLUMNS = ("missed", "held", "sent_twice", "nonce_gaps", "lost_rows", "wrong_rows", "above_cap", "daemon_exits", "kills")


def main() -> int:
    """Exit code 0 when every total that must be 0 is, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="make chaos", description="Faults, kills and lies against the daemon, judged by the chain itself."
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this scenario (may be repeated; a * at the end)")
    parser.add_argument("--list", action="store_true", help="name the scenarios and stop")
    parser.add_argument("--short", action="store_true", help="the short form that runs in the tests")
    parser.add_argument("--long", action="store_true", help="those that need time, and nothing else")
    parser.add_argument("--workers", type=int, default=2, help="scenarios at a time")
    parser.add_argument("--dir", type=Path, default=Path("var/chaos"))
    parser.add_argument("--keep", action="store_true", help="keep log, lake and outbox of every scenario, not of the failed ones only")
    options = parser.parse_args()
    selection = _chosen(options.only, short=options.short, long=options.long)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    if options.list:
        for scenario in selection:
            console.print(f"{scenario.name:34} {scenario.about}")
        return 0
    if not selection:
        console.print(f"no scenario is called {', '.join(options.only)}: see --list")
        return 2
    started = time.monotonic()
    rows = _play_all(selection, options.dir, options.workers, console, keep=options.keep)
    totals = _totals(rows)
    options.dir.mkdir(parents=True, exist_ok=True)
    summary = {"scenarios": [row.as_json() for row in rows], "totals": totals, "seconds": round(time.monotonic() - started, 1)}
    (options.dir / "summary.json").write_text(json.dumps(summary, indent=1, default=str) + "\n")
    _show(console, rows, totals)
    _show_kinds(console, rows)
    console.print(f"summary   {options.dir / 'summary.json'}   {summary['seconds']:.0f} s")
    lagging = _halves(console, rows)
    return 0 if all(row.good for row in rows) and not lagging else 1


def _chosen(only: Sequence[str], *, short: bool, long: bool) -> list[Scenario]:
    if only:
        return [
            item
            for item in scenarios.ALL
            if any(item.name == name or (name[-1:] == "*" and item.name.startswith(name[:-1])) for name in only)
        ]
    return [item for item in scenarios.ALL if (item.short if short else item.long == long)]


def _play_all(selection: Sequence[Scenario], directory: Path, workers: int, console: Console, *, keep: bool) -> list[Row]:
    rows: dict[str, Row] = {}
    # Scenarios hold functions, which do not travel between processes: their names do. Each gets a fresh process.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        order = sorted(selection, key=lambda item: not item.slow)
        waiting = {pool.submit(scenarios.play_named, item.name, str(directory / item.name)): item.name for item in order}
        for future in as_completed(waiting):
            error = future.exception()
            name = waiting[future]
            row = future.result() if error is None else Row(name, "", Verdict(), failed=[f"the harness failed: {error!r}"])
            rows[row.name] = row
            if row.good and not keep:
                shutil.rmtree(directory / row.name, ignore_errors=True)
            mark = "[green]✓[/]" if row.good else "[red]✗[/]"
            console.print(f"{mark} {len(rows):3}/{len(selection)} {row.name:32} {row.seconds:5.1f} s  {_words(row)}")
    return [rows[item.name] for item in selection]


def _words(row: Row) -> str:
    figures = [f"{name} {row.figure(name):g}" for name in ZEROS if row.figure(name)]
    share = row.verdict.first_block_share
    words = f"{row.verdict.liquidated} liquidated" + (f", {share:.0%} in the first block" if share is not None else "")
    return "; ".join([words, *figures, *row.failed, *(row.verdict.words if not row.good else [])])[:900]


def _totals(rows: Sequence[Row]) -> dict[str, float]:
    return {"scenarios": len(rows)} | {name: sum(row.figure(name) for row in rows) for name in TOTALS}


def _show(console: Console, rows: Sequence[Row], totals: dict[str, float]) -> None:
    table = Table("scenario", *(name.replace("_", " ") for name in _COLUMNS), "first block", "s")
    for row in rows:
        share = row.verdict.first_block_share
        style = None if row.good else "red"
        figures = [f"{row.figure(name):g}" for name in _COLUMNS]
        table.add_row(row.name, *figures, "" if share is None else f"{share:.0%}", f"{row.seconds:.0f}", style=style)
    table.add_section()
    table.add_row("totals", *(f"{totals[name]:g}" for name in _COLUMNS), "", "")
    console.print(table)


def _show_kinds(console: Console, rows: Sequence[Row]) -> None:
    """The same by kind of trouble: the table of the README."""
    table = Table("what goes wrong", "scenarios", "green", *(name.replace("_", " ") for name in _COLUMNS))
    for kind, members in scenarios.KINDS.items():
        names = {scenario.name for scenario in members}
        group = [row for row in rows if row.name in names]
        if group:
            figures = [f"{sum(row.figure(name) for row in group):g}" for name in _COLUMNS]
            table.add_row(kind, str(len(group)), str(sum(row.good for row in group)), *figures)
    console.print(table)


def _halves(console: Console, rows: Sequence[Row]) -> list[str]:
    """The median of the runs of each ailment: how far the disturbed halves lag behind the undisturbed ones; those that lag too far."""
    shares: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        both = [row.notes.get(name, {}).get("share") for name in ("undisturbed", "disturbed")]
        if None not in both:
            shares.setdefault(row.name.rpartition("-")[0], []).append((both[0], both[1]))
    worst = {name: median(abs(calm - sick) for calm, sick in pairs) for name, pairs in shares.items()}
    for name, pairs in shares.items():
        runs = ", ".join(f"{calm:.0%} / {sick:.0%}" for calm, sick in pairs)
        console.print(
            f"{name}: in the first possible block, undisturbed / disturbed {runs}; median difference {100 * worst[name]:.0f} points"
        )
    return [name for name, difference in worst.items() if difference > _MOST_DIFFERENCE]


if __name__ == "__main__":
    sys.exit(main())
