"""What several commands need at their start: settings, a chain, the book at a block; and how a failure becomes one line and a code."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from keeper import assembly, daemon
from keeper.domain.chain import BlockRef
from keeper.domain.venue import Venue
from keeper.engine import recovery
from keeper.engine.evaluator import Evaluator
from keeper.engine.ports import Chain
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.survey import Survey
from keeper.errors import ConfigError, KeeperError
from keeper.lake.connection import exists
from keeper.lake.reader import LakeReader
from keeper.service import log
from keeper.settings import ChainScope, Loaded, load


def settings(path: Path, overrides: Mapping[str, Any] | None = None) -> Loaded:
    """The settings, with logging configured by them. Raises ConfigError."""
    loaded = load(path, os.environ, overrides)
    options = loaded.settings.log
    try:
        log.configure(options.format, options.level)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}.") from None
    return loaded


def guarded(work: Callable[[], int]) -> int:
    """Run a command; a foreseen failure is one line on stderr and exit code 2 (settings) or 1."""
    try:
        return work()
    except (KeeperError, ExceptionGroup) as error:
        cause = daemon.first_cause(error)
        if not isinstance(cause, KeeperError):
            raise
        Console(stderr=True, soft_wrap=True).print(f"[bold red]error[/] {escape(log.redact(str(cause)))}", highlight=False)
        return daemon.MISCONFIGURED if isinstance(cause, ConfigError) else daemon.FAILED


@dataclass(frozen=True, slots=True)
class Book:
    """One venue's book at a block, and the chain it was read from. Signed prices put into `quotes` count for times after the block's."""

    scope: ChainScope
    name: str
    chain: Chain
    evaluator: Evaluator
    block: BlockRef
    quotes: QuoteBoard

    @property
    def venue(self) -> Venue:
        """Whose book it is."""
        return self.evaluator.venue


@asynccontextmanager
async def book_at(loaded: Loaded, venue_name: str, number: int | None) -> AsyncIterator[Book]:
    """The venue's book at block `number` (the head without). Raises ConfigError for a venue that is not configured, or a block to come."""
    scope = configured(loaded, venue_name)
    venues = assembly.build_venues(scope)
    with ExitStack() as stack:
        records = None
        place = assembly.lake_place(scope.lake).keeper
        if exists(place):
            records = stack.enter_context(LakeReader(place, scope.chain.id))
        report = stack.enter_context(ProgressBar())
        async with assembly.open_chain(scope, venues, log.logger()) as chain:
            quotes = QuoteBoard()
            evaluator = assembly.build_evaluators(scope, venues, chain, quotes=quotes)[venue_name]
            block = await _block(chain, number)
            first, depth = scope.chain.start_block, scope.chain.finality_depth
            survey = Survey(chain, chain, records, start_block=first, finality_depth=depth, report=report)
            await survey.bring_to(venue_name, evaluator, block)
            yield Book(scope, venue_name, chain, evaluator, block, quotes)


def configured(loaded: Loaded, venue_name: str) -> ChainScope:
    """The scope of a venue's chain. Raises ConfigError for a venue that is not configured."""
    venues = loaded.settings.venues
    if venue_name not in venues:
        raise ConfigError(f"{loaded.path}: venue {venue_name} is not configured. Configured: {', '.join(venues)}.")
    return loaded.settings.scope_of(venue_name)


def chosen_venue(loaded: Loaded, venue_name: str | None) -> str:
    """The venue named on the command line, or the only one there is. Raises ConfigError where there are several."""
    venues = tuple(loaded.settings.venues)
    if venue_name is None and len(venues) > 1:
        raise ConfigError(f"{loaded.path}: there are several venues ({', '.join(venues)}). Say which with --venue.")
    return venue_name or venues[0]


async def _block(chain: Chain, number: int | None) -> BlockRef:
    head = await chain.head()
    if number is None or number == head.number:
        return head
    if not 0 <= number < head.number:
        raise ConfigError(f"--block {number}: there is no such block. The head is block {head.number}.")
    return await chain.block(number)


class ProgressBar:
    """A progress bar on stderr while blocks are rebuilt and fetched; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("blocks"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> recovery.Report:
        self._bar.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _show(self, step: recovery.Progress) -> None:
        key = (step.venue, step.stage)
        if key not in self._tasks:
            words = "from the lake" if step.stage == "lake" else "from the chain"
            self._tasks[key] = self._bar.add_task(f"{step.venue} {words}", total=step.last - step.first + 1)
        self._bar.update(self._tasks[key], completed=step.block - step.first + 1)
