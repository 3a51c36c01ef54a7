"""`python -m contracts.demo`: what `make demo` runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contracts.demo.programs import ProgramFailed
from contracts.demo.screen import Screen
from contracts.demo.stage import Script, perform
from contracts.devnet.anvil import AnvilError
from contracts.devnet.rpc import RpcError, RpcUnavailable


def main() -> int:
    """Exit code 0 when the run went through, 1 with one line when something failed."""
    parser = argparse.ArgumentParser(prog="make demo", description="A cascade on real contracts, the keeper at work, and the figures.")
    parser.add_argument("--traders", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dir", type=Path, default=Path("var/demo"))
    options = parser.parse_args()
    screen = Screen()
    try:
        performance = perform(Script(options.traders, options.seed, options.dir), screen)
    except (ProgramFailed, AnvilError, RpcError, RpcUnavailable, TimeoutError) as error:
        screen.console.print(f"[bold red]error[/] {error}", markup=True)
        return 1
    performance.summary.write(options.dir / "summary.json")
    screen.summary(performance.summary)
    screen.findings(performance.report)
    screen.console.print(f"summary   {options.dir / 'summary.json'}\nreport    {options.dir / 'report.html'}")
    screen.console.print(f"go on     .venv/bin/analytics summary --lake {options.dir / 'lake'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
