"""`python -m tests.load`: what `make load` runs. A falling market, the daemon executing, and beside it an import of recordings and a
compaction, which are frozen in every other window of blocks: how long the lake's commits wait and how late liquidations are, with and
without. Judged by the chain as every scenario of `make chaos`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from contracts.demo.spread import Spread
from tests.chaos import lake
from tests.chaos.player import slide
from tests.chaos.scenario import Row, Scenario, play
from tests.chaos.stage import Set, Stage
from tests.load.burden import Burden, Span
from tests.load.figures import Half, commits, half
from tests.load.recordings import write_trades

_STEPS, _DOWN_BPS, _UP_BPS = 400, -6, 9
"""Blocks of the fall and of the rise after it: more than the programs need."""
_LONGEST_S = 900.0
_WAIT_LIMIT_MS = 1_000
_SHARE_LIMIT = 0.10
_DAEMON = {"PERP_KEEPER__LOG__LEVEL": "debug", "PERP_KEEPER__LOG__FORMAT": "json"}
"""A line per commit."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when nothing was lost, commits waited a second at most (p99), and liquidations were as early in both halves."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="trades to import")
    parser.add_argument("--files", type=int, default=24, help="recordings they come in; from 32 on the import compacts by itself")
    parser.add_argument("--traders", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--interval", type=float, default=0.5, help="wall seconds per block")
    parser.add_argument("--window", type=int, default=16, help="blocks until the programs are frozen, or go on")
    parser.add_argument("--dir", type=Path, default=Path("var/load"))
    choices = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    with console.status("writing the recordings"):
        recordings = write_trades(choices.dir / "recordings", choices.rows, choices.files)
    halves: dict[str, Half] = {}
    burdens: list[Burden] = []

    def script(stage: Stage) -> None:
        with (choices.dir / "programs.log").open("wb") as log:
            burden = Burden(recordings, stage.lake, log)
            burdens.append(burden)
            try:
                played = _windows(stage, burden, choices.window)
            finally:
                burden.close()
        stage.finish()
        stage.failures += burden.failures
        ((rows,),) = [row.values() for row in _market_rows(stage)]
        stage.expect(rows == choices.rows, f"{rows} of {choices.rows} trades are in the lake")
        halves.update(_halves(stage, burden, played))

    needs = Set(traders=choices.traders, seed=choices.seed, interval=choices.interval, settings=_DAEMON)
    scenario = Scenario(name="load", about="An import and a compaction beside the daemon.", script=script, needs=needs)
    with console.status("a market falls, the daemon executes, an import and a compaction beside it"):
        row = play(scenario, choices.dir / "stage")
    seconds = {name: round(each, 1) for name, each in burdens[0].seconds.items()} if burdens else {}
    summary = {"rows": choices.rows, "seconds": seconds, "halves": {name: asdict(each) for name, each in halves.items()}}
    (choices.dir / "summary.json").write_text(json.dumps(summary | {"verdict": row.as_json()}, indent=1, default=str) + "\n")
    _show(console, row, halves, seconds)
    return 0 if row.good and _as_before(halves) else 1


def _windows(stage: Stage, burden: Burden, blocks: int) -> Span:
    """Windows of so many blocks with the programs at work, and as many with them frozen, until both have ended. When they began and ended.

    In Thue and Morse's order, in which what grows from window to window grows as much in both halves: the market falls all the while."""
    stage.begin()
    start, every = stage.deployment.start_prices_8(), stage.set.block_seconds
    fall = slide(start, _STEPS, _DOWN_BPS, every)
    rise = slide(dict(fall[-1][1]), _STEPS, _UP_BPS, every)
    stage.player.follow([*fall, *((seconds + fall[-1][0], prices) for seconds, prices in rise)])
    began = time.time()
    for number in count():
        if number % 2 == 0 and burden.over:
            break
        if time.time() - began > _LONGEST_S:
            raise TimeoutError("import and compaction do not end")
        disturbed = number.bit_count() % 2 == 1
        if disturbed:
            burden.thaw()
        for _ in range(blocks):
            stage.blocks(1)
            if disturbed:
                burden.turn()
        if disturbed:
            burden.freeze()
    ended = time.time()
    stage.player.follow(())
    return began, ended


def _market_rows(stage: Stage) -> Sequence[dict[str, int]]:
    with lake.opened(stage.lake, "market.sqlite") as connection:
        rows: Sequence[dict[str, int]] = connection.execute("SELECT count(*) AS n FROM trades").to_arrow_table().to_pylist()
        return rows


def _halves(stage: Stage, burden: Burden, played: Span) -> dict[str, Half]:
    """Blocks and commits of all windows, by whether the programs were at work at that moment."""
    boot = time.time() - time.monotonic()
    blocks = {number: boot + at for number, at in stage.player.times.items() if _within(boot + at, played)}
    waits = [commit for commit in commits(stage.daemon.log_path) if _within(commit.at, played)]

    def at_work(moment: float) -> bool:
        return any(_within(moment, span) for span in burden.spans)

    return {
        name: half(
            stage,
            {number for number, at in blocks.items() if at_work(at) == disturbed},
            [commit for commit in waits if at_work(commit.at) == disturbed],
        )
        for name, disturbed in (("undisturbed", False), ("beside import and compaction", True))
    }


def _within(moment: float, span: Span) -> bool:
    return span[0] <= moment <= span[1]


def _as_before(halves: dict[str, Half]) -> bool:
    """Whether commits waited no longer than they may, and liquidations were as early as in the undisturbed half."""
    if not halves:
        return False
    calm, disturbed = halves.values()
    shares = (calm.first_block_share or 0.0) - (disturbed.first_block_share or 0.0)
    return disturbed.commit_wait_ms.p99 <= _WAIT_LIMIT_MS and shares <= _SHARE_LIMIT


def _show(console: Console, row: Row, halves: dict[str, Half], seconds: dict[str, float]) -> None:
    table = Table("", "blocks", "commit wait, ms", "block, ms", "blocks late", "in the first block")
    for name, each in halves.items():
        share = "" if each.first_block_share is None else f"{each.first_block_share:.1%}"
        table.add_row(name, str(each.blocks), _words(each.commit_wait_ms), _words(each.block_ms), _words(each.late_blocks), share)
    console.print(table)
    console.print("; ".join(f"{name} {each:.0f} s" for name, each in seconds.items()))
    if not row.good:
        console.print(f"[red]✗[/] {'; '.join([*row.failed, *row.verdict.words])}")


def _words(values: Spread) -> str:
    return f"p50 {values.p50}, p99 {values.p99}, max {values.max} (n {values.n})"


if __name__ == "__main__":
    sys.exit(main())
