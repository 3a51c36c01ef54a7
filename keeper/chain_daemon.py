"""One chain's part of the daemon: opens what is its own, recovers, follows, acts, and finishes what is begun."""

import asyncio
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from keeper import assembly
from keeper.assembly import Parts
from keeper.domain.decision import Skip
from keeper.domain.skip_reason import SkipReason
from keeper.engine.chain_status import ChainStatus
from keeper.engine.mended_start import MendedStart
from keeper.engine.periodic import every
from keeper.engine.recovery import FOLLOWED_GAP, Recovery, Report
from keeper.errors import Fatal, RpcError, Transient
from keeper.lake.chain_recorder import ChainRecorder
from keeper.settings import ChainScope

_GRACE_SECONDS = 30.0
_SILENCE_SECONDS = 1.5
"""How long a stopping daemon waits for a single answer."""
_STATUS_SECONDS = 60.0
_ENDPOINT_SECONDS = 5.0
_STANDING_SECONDS = 0.5
_WORKERS = 8
"""Candidates worked on at the same time where none waits for a fork: most of a pre-check is waiting for endpoints."""


async def follow_chain(
    scope: ChainScope, recorder: ChainRecorder, status: ChainStatus, report: Report, logger: FilteringBoundLogger, stop: asyncio.Event
) -> None:
    """Open everything of one chain in order, live, close everything.

    Until the first endpoint answers there is nothing to finish: `stop` ends it at once."""
    live = asyncio.Event()
    life = asyncio.create_task(_open_and_live(scope, recorder, status, report, logger, stop, live))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((life, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set() and not live.is_set():
            # Still starting, perhaps waiting for an endpoint.
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life
        else:
            await life
    finally:
        stopping.cancel()
        life.cancel()
        # What is shared closes after this: nothing of the chain may still be at work then.
        await asyncio.wait([life])


async def _open_and_live(
    scope: ChainScope,
    recorder: ChainRecorder,
    status: ChainStatus,
    report: Report,
    logger: FilteringBoundLogger,
    stop: asyncio.Event,
    live: asyncio.Event,
) -> None:
    venues = assembly.build_venues(scope)
    async with assembly.open_parts(scope, venues, recorder, status, logger) as parts:
        live.set()
        await _live(scope, parts, report, stop)


async def _live(scope: ChainScope, parts: Parts, report: Report, stop: asyncio.Event) -> None:
    """Recover, follow, act; on `stop` finish what is begun. Any failure of a part ends all of them."""
    recovery = assembly.open_recovery(scope, parts.family.chain.endless(), parts.recorder, report, parts.family.dispatcher, FOLLOWED_GAP)
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(_work(parts)) for _ in range(_workers(scope, parts))]
        settling = group.create_task(_settle(parts))
        beat = group.create_task(every(_STATUS_SECONDS, lambda: _log_status(parts)))
        standing = group.create_task(every(_STANDING_SECONDS, lambda: _watch_standing(parts)))
        endpoints = group.create_task(every(_ENDPOINT_SECONDS, lambda: _watch_endpoints(parts)))
        follow = group.create_task(_follow(scope, parts, recovery))
        stopping = group.create_task(stop.wait())
        await asyncio.wait((follow, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        follow.cancel()
        if stop.is_set():
            await _finish(parts)
        for task in (*workers, settling, beat, standing, endpoints):
            task.cancel()


async def _follow(scope: ChainScope, parts: Parts, recovery: Recovery) -> None:
    start = await MendedStart(recovery, parts.repair, parts.recorder, scope.chain.finality_depth).run(parts.evaluators)
    await parts.attempts.reconcile(parts.recorder, parts.family.chain.endless())
    parts.logger.info("following", after=start.lowest.cursor.number, mode=scope.keeper.mode.value)
    await parts.lane.run(parts.family.chain.follow(start.lowest.cursor, start.lowest.known), start)
    raise Fatal("the follower ended")


async def _watch_endpoints(parts: Parts) -> None:
    """Whether endpoints that differ about a transaction have come to agree."""
    with suppress(Transient, RpcError):
        await parts.family.reconsider()


async def _watch_standing(parts: Parts) -> None:
    """Whether the operator can act."""
    head = parts.lane.head
    if parts.operator_watch is not None and head is not None:
        await parts.operator_watch.turn(head.number)


async def _work(parts: Parts) -> None:
    """One of the liquidator's own tasks: a slow simulation must not hold up the next block."""
    while True:
        decision = await parts.mailbox.take()
        result = await parts.liquidator.work(decision, parts.mailbox.newest_block)
        if parts.operator_watch is not None and isinstance(result, Skip) and result.reason is SkipReason.PRE_CHECK_REVERTED:
            parts.operator_watch.doubt()
        parts.logger.info(
            "candidate", account=decision.candidate.account, id=decision.candidate.id, result=parts.liquidator.name_of(result)
        )
        await parts.mailbox.done(decision)


def _workers(scope: ChainScope, parts: Parts) -> int:
    """How many candidates are worked on at the same time: as many as can be settled, where that comes first."""
    return scope.execution.forks if parts.settlements is None else max(scope.execution.forks, _WORKERS)


async def _settle(parts: Parts) -> None:
    """Settle what was sent without, one after the other, while no candidate waits."""
    while parts.settlements is not None:
        settlement = await parts.settlements.take()
        await parts.mailbox.drained()
        try:
            await parts.liquidator.settle(settlement)
        except (Transient, RpcError) as error:
            parts.logger.info("not settled", id=settlement.decision.candidate.id, reason=str(error))
        parts.settlements.done()


async def _finish(parts: Parts) -> None:
    """Sources are stopped: finish the cases in hand and await receipts, but no longer than the grace period, and only while there is
    somebody who can tell of them."""
    parts.logger.info("stopping", open_attempts=len(parts.family.dispatcher.open_accounts()) if parts.family.dispatcher else 0)
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            async with asyncio.timeout(_SILENCE_SECONDS):
                await parts.mailbox.drained()
            while parts.family.dispatcher is not None and parts.family.dispatcher.open_accounts():
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await parts.lane.settle(await parts.family.chain.head())
                await asyncio.sleep(0.2)
            if parts.settlements is not None:
                await parts.settlements.drained()
    except (TimeoutError, Transient, RpcError) as error:
        reason = str(error) or "no answer in time"
        parts.logger.warning("stopping before all is known", reason=reason, left="in the outbox; the next start goes on with it")
    await asyncio.to_thread(parts.recorder.flush)
    parts.attempts.acknowledge()


async def _log_status(parts: Parts) -> None:
    head = parts.lane.head
    parts.logger.info("status", head=head.number if head is not None else None, candidates_waiting=len(parts.mailbox))
