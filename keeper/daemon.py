"""Runs what `assembly` built and owns every lifetime. The only place that catches what nobody expected."""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress

from structlog.typing import FilteringBoundLogger

from keeper import assembly, log
from keeper.assembly import Parts
from keeper.domain.decision import Skip, SkipReason
from keeper.engine.periodic import every
from keeper.engine.recovery import FOLLOWED_GAP, Recovery, Report
from keeper.engine.start import Start
from keeper.engine.status import serve
from keeper.errors import ConfigError, Fatal, KeeperError, RpcError, StateDivergence, Transient
from keeper.lake.recorder import Recorder
from keeper.settings import Settings

_GRACE_SECONDS = 30.0
_SILENCE_SECONDS = 1.5
"""How long a stopping daemon waits for a single answer."""
_STATUS_SECONDS = 60.0
_ENDPOINT_SECONDS = 5.0
_STANDING_SECONDS = 0.5
_WORKERS = 8
"""Candidates worked on at the same time where none waits for a fork: most of a pre-check is waiting for endpoints."""
OK, FAILED, MISCONFIGURED = 0, 1, 2


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
    stop, live = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    life = asyncio.create_task(_from_start_to_end(settings, report, logger, stop, live))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((life, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set() and not live.is_set():
        # Still starting, perhaps waiting for an endpoint: there is nothing to finish.
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life
    else:
        await life
    logger.info("stopped")


async def _from_start_to_end(
    settings: Settings, report: Report, logger: FilteringBoundLogger, stop: asyncio.Event, live: asyncio.Event
) -> None:
    """Open everything in order, live, close everything. From when `live` is set, `stop` is heeded here."""
    venues = assembly.build_venues(settings)
    status = assembly.build_status(settings, logger)
    with Recorder(assembly.lake_options(settings), settings.chain.id, tuple(venues)) as recorder:
        for sentence in recorder.problems:
            logger.warning("lake", problem=sentence)
        async with AsyncExitStack() as stack:
            if settings.keeper.status_port:
                await stack.enter_async_context(serve(status, settings.keeper.status_port))
            chain = await stack.enter_async_context(assembly.open_chain(settings, venues, logger, status))
            hands = await assembly.open_hands(settings, chain, stack, logger)
            parts = assembly.assemble(settings, venues, chain, recorder, hands, status, logger)
            live.set()
            await _live(settings, parts, report, stop)


async def _live(settings: Settings, parts: Parts, report: Report, stop: asyncio.Event) -> None:
    """Recover, follow, act; on `stop` finish what is begun. Any failure of a part ends all of them."""
    recovery = assembly.open_recovery(settings, parts.chain.endless(), parts.recorder, report, parts.dispatcher, FOLLOWED_GAP)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(parts.recorder.watch())
        workers = [group.create_task(_work(parts)) for _ in range(_workers(settings, parts))]
        settling = group.create_task(_settle(parts))
        beat = group.create_task(every(_STATUS_SECONDS, lambda: _tell(parts)))
        standing = group.create_task(every(_STANDING_SECONDS, lambda: _watch_standing(parts)))
        endpoints = group.create_task(every(_ENDPOINT_SECONDS, lambda: _watch_endpoints(parts)))
        follow = group.create_task(_follow(settings, parts, recovery))
        stopping = group.create_task(stop.wait())
        await asyncio.wait((follow, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        follow.cancel()
        if stop.is_set():
            await _finish(parts)
        for task in (*workers, settling, beat, watch, standing, endpoints):
            task.cancel()


async def _follow(settings: Settings, parts: Parts, recovery: Recovery) -> None:
    start = await _recover(parts, recovery, settings.chain.finality_depth)
    await parts.attempts.reconcile(parts.recorder, parts.chain.endless())
    parts.logger.info("following", after=start.lowest.cursor.number, mode=settings.keeper.mode.value)
    await parts.loop.run(parts.chain.follow(start.lowest.cursor, start.lowest.known), start)
    raise Fatal("the follower ended")


async def _recover(parts: Parts, recovery: Recovery, finality_depth: int) -> Start:
    """Recovery; where the recorded events do not fit together, the lake is compared with the chain first. Raises StateDivergence when that
    does not help."""
    try:
        return await recovery.run(parts.evaluators)
    except StateDivergence as fault:
        for name, evaluator in parts.evaluators.items():
            cursor = parts.recorder.recovered(name, finality_depth).cursor
            if cursor is not None:
                await parts.repair.mend(name, evaluator, cursor, str(fault))
            evaluator.forget()
    return await recovery.run(parts.evaluators)


async def _watch_endpoints(parts: Parts) -> None:
    """Whether endpoints that differ about a transaction have come to agree."""
    if parts.agreed is not None:
        with suppress(Transient, RpcError):
            await parts.agreed.reconsider()


async def _watch_standing(parts: Parts) -> None:
    """Whether the operator can act."""
    head = parts.loop.head
    if parts.standing is not None and head is not None:
        await parts.standing.turn(head.number)


async def _work(parts: Parts) -> None:
    """One of the liquidator's own tasks: a slow simulation must not hold up the next block."""
    while True:
        case = await parts.mailbox.take()
        result = await parts.liquidator.work(case, parts.mailbox.newest_block)
        if parts.standing is not None and isinstance(result, Skip) and result.reason is SkipReason.PRE_CHECK_REVERTED:
            parts.standing.doubt()
        parts.logger.info("candidate", account=case.candidate.account, id=case.candidate.id, result=parts.liquidator.name_of(result))
        await parts.mailbox.done(case)


def _workers(settings: Settings, parts: Parts) -> int:
    """How many candidates are worked on at the same time: as many as can be settled, where that comes first."""
    return settings.execution.forks if parts.settlements is None else max(settings.execution.forks, _WORKERS)


async def _settle(parts: Parts) -> None:
    """Settle what was sent without, one after the other, while no candidate waits."""
    while parts.settlements is not None:
        settlement = await parts.settlements.take()
        await parts.mailbox.drained()
        try:
            await parts.liquidator.settle(settlement)
        except (Transient, RpcError) as error:
            parts.logger.info("not settled", id=settlement.case.candidate.id, reason=str(error))
        parts.settlements.done()


async def _finish(parts: Parts) -> None:
    """Sources are stopped: finish the cases in hand and await receipts, but no longer than the grace period, and only while there is
    somebody who can tell of them."""
    parts.logger.info("stopping", open_attempts=len(parts.dispatcher.open_accounts()) if parts.dispatcher else 0)
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            async with asyncio.timeout(_SILENCE_SECONDS):
                await parts.mailbox.drained()
            while parts.dispatcher is not None and parts.dispatcher.open_accounts():
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await parts.loop.settle(await parts.chain.head())
                await asyncio.sleep(0.2)
            if parts.settlements is not None:
                await parts.settlements.drained()
    except (TimeoutError, Transient, RpcError) as error:
        reason = str(error) or "no answer in time"
        parts.logger.warning("stopping before all is known", reason=reason, left="in the outbox; the next start goes on with it")
    await asyncio.to_thread(parts.recorder.flush)
    parts.attempts.acknowledge()


async def _tell(parts: Parts) -> None:
    backlog = parts.recorder.backlog()
    if backlog.problem is not None:
        parts.logger.warning("lake", problem=backlog.problem)
    parts.logger.info(
        "status",
        head=parts.loop.head.number if parts.loop.head else None,
        lake_queue=backlog.queued,
        lake_commit_ms=round(backlog.last_commit_ms, 1),
        candidates_waiting=len(parts.mailbox),
    )
