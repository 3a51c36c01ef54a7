"""Runs what `assembly` built and owns every lifetime. The only place that catches what nobody expected."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TypeAlias

from structlog.typing import FilteringBoundLogger

from keeper import assembly
from keeper.chain_daemon import follow_chain
from keeper.engine.chain_status import ChainStatus
from keeper.engine.metrics import Collectors
from keeper.engine.periodic import every
from keeper.engine.recovery import Report
from keeper.errors import ConfigError, KeeperError, StoreError
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.recorder import Commit, Recorder
from keeper.service import log
from keeper.service.kill_switch import KillSwitch
from keeper.service.server import serve
from keeper.service.supervisor import Supervisor
from keeper.settings import ChainScope, Settings

_STATUS_SECONDS = 60.0
OK, FAILED, MISCONFIGURED = 0, 1, 2
Follow: TypeAlias = Callable[[ChainScope, ChainRecorder, ChainStatus, Report, FilteringBoundLogger, asyncio.Event], Awaitable[None]]
"""See `chain_daemon.follow_chain`."""


def run(settings: Settings, report: Report) -> int:
    """Run the daemon until SIGTERM, SIGINT or a failure; returns the exit code (0 stopped, 1 failed, 2 to be configured)."""
    logger = log.logger()
    try:
        asyncio.run(_daemon(settings, report, logger))
    except ConfigError as error:
        logger.error("configuration", problem=str(error))
        return MISCONFIGURED
    except Exception as error:
        return _explain_end(logger, error)
    return OK


def _explain_end(logger: FilteringBoundLogger, error: Exception) -> int:
    """One line for what the error tree foresees, a traceback for what it does not."""
    root = first_cause(error)
    if isinstance(root, ConfigError):
        logger.error("configuration", problem=str(root))
        return MISCONFIGURED
    if isinstance(root, KeeperError):
        logger.error("fatal", kind=type(root).__name__, problem=str(root))
    else:
        logger.error("fatal", kind=type(root).__name__, problem=str(root), exc_info=error)
    return FAILED


def first_cause(error: BaseException) -> BaseException:
    """What lies at the bottom of nested exception groups: the first failure."""
    return first_cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _daemon(settings: Settings, report: Report, logger: FilteringBoundLogger) -> None:
    """One lane per chain, and what they share: the lake's writer and what the daemon says of itself."""
    stop = asyncio.Event()
    _listen(KillSwitch(settings.keeper.stop_file), stop, logger)
    scopes = settings.scopes()
    collectors = Collectors()
    chains = assembly.build_status(scopes, collectors, logger)
    venues = {scope.chain.id: tuple(scope.venues) for scope in scopes}
    with Recorder(assembly.lake_options(settings.lake), venues, commit_report(scopes, chains, logger)) as recorder:
        for sentence in recorder.problems:
            logger.warning("lake", problem=sentence)
        async with AsyncExitStack() as stack:
            if settings.keeper.status_port:
                await stack.enter_async_context(serve(chains, collectors.registry, settings.keeper.status_port))
            async with asyncio.TaskGroup() as group:
                # Ready from here on, for a unit's start has a time limit and catching up has none: /readyz tells of that.
                heartbeats = [status.heartbeat for status in chains.values()]
                group.create_task(Supervisor.of(os.environ).attend(heartbeats, stop))
                await follow_all(scopes, recorder, chains, report, logger, stop)
    logger.info("stopped")


def _listen(kill_switch: KillSwitch, stop: asyncio.Event, logger: FilteringBoundLogger) -> None:
    """SIGTERM and SIGINT end the daemon. SIGUSR1 engages the kill switch, SIGUSR2 releases it: both by its file, so that they outlive the
    process. A daemon that cannot write the file ends instead, and one that cannot remove it goes on sending nothing."""

    def engage() -> None:
        try:
            kill_switch.engage("SIGUSR1")
        except OSError as error:
            logger.error("kill switch", problem=f"{kill_switch.path} cannot be written ({error.strerror}): stopping altogether")
            stop.set()

    def release() -> None:
        try:
            kill_switch.release()
        except OSError as error:
            logger.error("kill switch", problem=f"{kill_switch.path} cannot be removed ({error.strerror})")

    loop = asyncio.get_running_loop()
    for number, act in {signal.SIGTERM: stop.set, signal.SIGINT: stop.set, signal.SIGUSR1: engage, signal.SIGUSR2: release}.items():
        loop.add_signal_handler(number, act)


def commit_report(
    scopes: Sequence[ChainScope], chains: Mapping[str, ChainStatus], logger: FilteringBoundLogger
) -> Callable[[Commit], None]:
    """What becomes of the writer's word about a commit: a metric of the chain, and a line for who wants every single one."""
    names = {scope.chain.id: scope.name for scope in scopes}

    def report(commit: Commit) -> None:
        name = names[commit.chain_id]
        chains[name].metrics.commit_wait.observe(commit.seconds)
        logger.debug("commit", chain=name, rows=commit.rows, seconds=round(commit.seconds, 3))

    return report


async def follow_all(
    scopes: Sequence[ChainScope],
    recorder: Recorder,
    chains: Mapping[str, ChainStatus],
    report: Report,
    logger: FilteringBoundLogger,
    stop: asyncio.Event,
    follow: Follow = follow_chain,
) -> None:
    """Every chain, until `stop`, each by `follow`. One that cannot go on leaves the others at work; the last one's fault ends all."""
    left = {scope.name for scope in scopes}

    async def one(scope: ChainScope) -> None:
        own = logger if len(scopes) == 1 else logger.bind(chain=scope.name)
        try:
            await follow(scope, recorder.chain(scope.chain.id), chains[scope.name], report, own, stop)
        except (KeeperError, ExceptionGroup) as error:
            cause = first_cause(error)
            left.discard(scope.name)
            if not left or not isinstance(cause, KeeperError) or isinstance(cause, (ConfigError, StoreError)):
                raise
            own.error("chain stopped", fault=type(cause).__name__, reason=str(cause))
            chains[scope.name].stopped(f"{type(cause).__name__}: {cause}")

    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(recorder.watch()), group.create_task(every(_STATUS_SECONDS, lambda: _log_lake(recorder, logger)))]
        await asyncio.wait([group.create_task(one(scope)) for scope in scopes])
        for task in beside:
            task.cancel()


async def _log_lake(recorder: Recorder, logger: FilteringBoundLogger) -> None:
    backlog = recorder.backlog()
    if backlog.problem is not None:
        logger.warning("lake", problem=backlog.problem)
    logger.info("lake", queue=backlog.queued, commit_ms=round(backlog.last_commit_ms, 1))
