"""`python -m tests.bench`: what is fast and by how much, as ratios against a named baseline measured in the same run. Asserts nothing."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from keeper.service import log
from tests.bench.commits import commits
from tests.bench.decoding import decoding
from tests.bench.latency import latency
from tests.bench.parsing import parsing
from tests.bench.price_fall import after_price_fall
from tests.bench.reads import reads
from tests.bench.rounds import Compared
from tests.bench.simulation import simulation
from tests.bench.tick import tick
from tests.chaos.harness import Harness


def _alone() -> Mapping[str, Callable[[], Sequence[Compared]]]:
    return {"decoding": decoding, "parsing": parsing, "tick": tick, "lake": commits}


def _on_devnet() -> Mapping[str, Callable[[Harness], Sequence[Compared]]]:
    return {"reads": reads, "simulation": simulation, "latency": latency}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; a bench that finds a wrong answer raises RuntimeError."""
    names = [*_alone(), *_on_devnet()]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON for a program, with the value of every round")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=f"some of: {', '.join(names)}")
    options = parser.parse_args(arguments)
    # Daemons' parts log to stderr, where the progress is shown.
    log.configure("json", "error")
    began = time.perf_counter()
    compared = _measure(options.only)
    console = Console(highlight=False)
    if options.json:
        console.print_json(json.dumps({"machine": _machine(), "measured": [_plain(item) for item in compared]}))
    else:
        console.print(_table(compared, time.perf_counter() - began))
    return 0


def _measure(names: Sequence[str]) -> Sequence[Compared]:
    compared: list[Compared] = []
    with ExitStack() as stack:
        status = stack.enter_context(Console(stderr=True).status("")) if sys.stderr.isatty() else None
        say = status.update if status else _nothing
        for name, bench in _alone().items():
            if name in names:
                say(name)
                compared += bench()
        if _on_devnet().keys() & set(names):
            say("a devnet for the rest")
            stage = stack.enter_context(after_price_fall(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
            for name, measure in _on_devnet().items():
                if name in names:
                    say(name)
                    compared += measure(stage)
    return compared


def _nothing(_: str) -> None:
    """Nobody watches."""


def _machine() -> dict[str, object]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}


def _plain(item: Compared) -> dict[str, object]:
    medians = {"value": item.value, "baseline_value": item.baseline_value, "ratio": item.ratio if item.value else None, "n": item.rounds}
    return asdict(item) | medians


def _table(compared: Sequence[Compared], seconds: float) -> Table:
    machine = ", ".join(f"{key} {value}" for key, value in _machine().items())
    caption = "medians of n alternating rounds; ratio: baseline over measured, above 1 is better than the baseline, inf: it took nothing"
    table = Table(title=f"{machine}; {seconds:.0f} s", caption=caption, title_justify="left", caption_justify="left")
    for column in ("question", "measured", "baseline", "unit", "value", "baseline value", "ratio", "n", "note"):
        table.add_column(column, justify="right" if column in ("value", "baseline value", "ratio", "n") else "left")
    before = ""
    for item in compared:
        if before and item.question != before:
            table.add_section()
        question, before = "" if item.question == before else item.question, item.question
        numbers = (_number(item.value), _number(item.baseline_value), f"{item.ratio:,.1f}")
        table.add_row(question, item.contender, item.baseline, item.unit, *numbers, str(item.rounds), item.note)
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    raise SystemExit(main())
