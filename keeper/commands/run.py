"""keeper run, keeper backfill."""

import asyncio
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from keeper import assembly, daemon
from keeper.commands import session
from keeper.engine.recovery import Report
from keeper.engine.start import Start
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.recorder import Recorder
from keeper.service import log
from keeper.settings import ChainScope, Loaded


def run(path: Path, overrides: dict[str, Any]) -> int:
    """The daemon."""
    loaded = session.settings(path, overrides)
    with session.ProgressBar() as report:
        return daemon.run(loaded.settings, report)


def backfill(path: Path) -> int:
    """Everything up to the newest final block into the lake, then stop; a second run goes on where the first one ended."""
    return asyncio.run(_backfill(session.settings(path)))


async def _backfill(loaded: Loaded) -> int:
    settings = loaded.settings
    scopes = settings.scopes()
    venues = {scope.chain.id: tuple(scope.venues) for scope in scopes}
    with session.ProgressBar() as report, Recorder(assembly.lake_options(settings.lake), venues) as recorder:
        for sentence in recorder.problems:
            log.logger().warning("lake", problem=sentence)
        starts = [await _backfill_chain(scope, recorder.chain(scope.chain.id), report) for scope in scopes]
    return daemon.FAILED if any(start.faults for start in starts) else daemon.OK


async def _backfill_chain(scope: ChainScope, recorder: ChainRecorder, report: Report) -> Start:
    started = time.monotonic()
    venues = assembly.build_venues(scope)
    async with assembly.open_chain(scope, venues, log.logger()) as chain:
        recovery = assembly.open_recovery(scope, chain, recorder, report, followed_gap=0)
        evaluators = assembly.build_evaluators(scope, venues, chain)
        start = await recovery.run(evaluators)
    for name, fault in start.faults.items():
        log.logger().error("venue stopped", venue=name, fault=type(fault).__name__, reason=str(fault))
    if start.positions:
        accounts = sum(len(evaluators[name].book.account_keys()) for name in start.positions)
        seconds = time.monotonic() - started
        lake = assembly.lake_place(scope.lake).keeper.name
        Console(stderr=True).print(
            f"{scope.name} at block {start.lowest.cursor.number}: {accounts} accounts, {seconds:.1f} s. The lake is {lake}."
        )
    return start
