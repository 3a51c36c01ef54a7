"""keeper run, keeper backfill."""

import asyncio
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from keeper import assembly, daemon, log
from keeper.commands import session
from keeper.lake.recorder import Recorder
from keeper.settings import Loaded


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
    venues = assembly.build_venues(settings)
    started = time.monotonic()
    with session.ProgressBar() as report, Recorder(assembly.lake_options(settings), settings.chain.id, tuple(venues)) as recorder:
        for sentence in recorder.problems:
            log.logger().warning("lake", problem=sentence)
        async with assembly.open_chain(settings, venues, log.logger()) as chain:
            recovery = assembly.open_recovery(settings, chain, recorder, report, dispatcher=None, followed_gap=0)
            evaluators = assembly.build_evaluators(settings, venues, chain)
            start = await recovery.run(evaluators)
    accounts = sum(len(evaluator.book.account_keys()) for evaluator in evaluators.values())
    seconds = time.monotonic() - started
    lake = assembly.lake_place(settings).keeper.name
    Console(stderr=True).print(f"at block {start.lowest.cursor.number}: {accounts} accounts, {seconds:.1f} s. The lake is {lake}.")
    return daemon.OK
