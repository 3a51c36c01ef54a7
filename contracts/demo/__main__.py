"""`python -m contracts.demo`: what `make demo` runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path

from contracts.demo.joint_stage import APART_SECONDS, VENUES, JointScript, perform_jointly
from contracts.demo.programs import ProgramFailed
from contracts.demo.screen import Screen
from contracts.demo.stage import Script, perform
from contracts.devnet.anvil import AnvilError
from contracts.devnet.artifacts import ArtifactMissing
from contracts.devnet.chain import DevnetError
from contracts.devnet.config import VENUE
from contracts.devnet.rivals import NAMES
from contracts.devnet.rpc import RpcError, RpcUnavailable


def main() -> int:
    """Exit code 0 when the run went through, 1 with one line when something failed, 2 for an option that is none."""
    parser = _parser()
    options = parser.parse_args()
    if options.rivals and options.venues != (VENUE,):
        parser.error(f"--rivals: they play on {VENUE} alone")
    screen = Screen()
    try:
        report = _perform(options, screen)
    except (ProgramFailed, AnvilError, ArtifactMissing, DevnetError, RpcError, RpcUnavailable, TimeoutError) as error:
        screen.console.print(f"[bold red]error[/] {error}", markup=True)
        return 1
    screen.findings(report)
    screen.console.print(f"summary   {options.dir / 'summary.json'}\nreport    {options.dir / 'report.html'}")
    screen.console.print(f"go on     .venv/bin/analytics summary --lake {options.dir / 'lake'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description="A cascade on real contracts, the keeper at work, and the figures.")
    parser.add_argument("--venues", type=_venues, default=(VENUE,), help=f"one or more of {', '.join(VENUES)}, with commas between them")
    parser.add_argument("--traders", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rivals", type=_rivals, default=(), help=f"on {VENUE} alone, any of {', '.join(NAMES)}, with commas between them")
    parser.add_argument("--dir", type=Path, default=Path("var/demo"))
    return parser


def _venues(text: str) -> tuple[str, ...]:
    return _names(text, "venue", VENUES)


def _rivals(text: str) -> tuple[str, ...]:
    """None in an empty text."""
    return _names(text, "rival", NAMES) if text else ()


def _names(text: str, kind: str, known: Collection[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"no {kind} is called {unknown[0]!r}; there are {', '.join(known)}")
    return names


def _perform(options: argparse.Namespace, screen: Screen) -> str:
    """Perp V2 alone goes through a longer path with a simulate pass before it, anything else through a shock. Writes and shows the summary;
    returns what the report says. Raises as perform and perform_jointly do, TimeoutError where the shock did not come at one time."""
    if options.venues == (VENUE,):
        performance = perform(Script(options.traders, options.seed, options.dir, rivals=options.rivals), screen)
        performance.summary.write(options.dir / "summary.json")
        screen.summary(performance.summary)
        return performance.report
    joint = perform_jointly(JointScript(options.venues, options.traders, options.seed, options.dir), screen)
    joint.summary.write(options.dir / "summary.json")
    screen.joint_summary(joint.summary)
    if joint.summary.shock_apart_seconds > APART_SECONDS:
        raise TimeoutError(f"the shock's first blocks were {joint.summary.shock_apart_seconds} s apart, more than {APART_SECONDS} s")
    return joint.report


if __name__ == "__main__":
    sys.exit(main())
