"""One chain's part of the daemon: opens what is its own, recovers, follows, acts, and finishes what is begun."""

import asyncio
from contextlib import aclosing, suppress
from functools import partial

from structlog.typing import FilteringBoundLogger

from keeper import assembly
from keeper.assembly import Parts
from keeper.domain.account import AccountRef
from keeper.domain.chain import Hash32
from keeper.domain.decision import CandidateId
from keeper.engine.chain_status import ChainStatus
from keeper.engine.gather import gather
from keeper.engine.mended_start import MendedStart
from keeper.engine.periodic import every
from keeper.engine.ports import PriceService
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
_FEED_SECONDS = 1.0
"""How long to wait for a venue's first feed."""


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
    chain = parts.family.chain.endless()
    recovery = assembly.open_recovery(scope, chain, parts.recorder, report, FOLLOWED_GAP, partial(_candidate_of, parts))
    async with asyncio.TaskGroup() as group:
        keys = [group.create_task(key.run()) for key in parts.keys]
        beat = group.create_task(every(_STATUS_SECONDS, lambda: _log_status(parts)))
        standing = group.create_task(every(_STANDING_SECONDS, lambda: _watch_standing(parts)))
        endpoints = group.create_task(every(_ENDPOINT_SECONDS, lambda: _watch_endpoints(parts)))
        prices = [group.create_task(_pull(parts, venue, service)) for venue, service in parts.prices.items()]
        follow = group.create_task(_follow(scope, parts, recovery))
        stopping = group.create_task(stop.wait())
        await asyncio.wait((follow, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        follow.cancel()
        if stop.is_set():
            await _finish(parts)
        for task in (*keys, *prices, beat, standing, endpoints):
            task.cancel()


async def _follow(scope: ChainScope, parts: Parts, recovery: Recovery) -> None:
    start = await MendedStart(recovery, parts.repair, parts.recorder, scope.chain.finality_depth).run(parts.evaluators)
    for key in parts.keys:
        await key.decisions.attempts.reconcile(parts.recorder, parts.family.chain.endless())
        key.recall(parts.recorder)
    parts.logger.info("following", after=start.lowest.cursor.number, mode=scope.keeper.mode.value)
    await parts.lane.run(parts.family.chain.follow(start.lowest.cursor, start.lowest.known), start)
    raise Fatal("the follower ended")


async def _pull(parts: Parts, venue: str, service: PriceService) -> None:
    """A venue's signed prices, one after the other, onto the board. A feed that comes later joins with the next stream."""
    evaluator = parts.evaluators[venue]
    while True:
        price_ids = evaluator.venue.quotes(evaluator.book)
        if not price_ids:
            await asyncio.sleep(_FEED_SECONDS)
            continue
        async with aclosing(service.stream(price_ids)) as quotes:
            async for quote in quotes:
                if parts.quotes.put(quote):
                    parts.lane.quoted(venue, quote.publish_time)
                if evaluator.venue.quotes(evaluator.book) != price_ids:
                    break


async def _watch_endpoints(parts: Parts) -> None:
    """How well the endpoints do, and whether those that differ about a transaction have come to agree."""
    for score in parts.family.chain.scores():
        parts.status.metrics.endpoint(score)
    for executor in parts.family.executors.values():
        with suppress(Transient, RpcError):
            await executor.reconsider()


async def _watch_standing(parts: Parts) -> None:
    """Whether the operators can act."""
    head = parts.lane.head
    if head is not None:
        await gather(*(key.watch(head.number) for key in parts.keys))


def _candidate_of(parts: Parts, transaction: Hash32, account: AccountRef) -> CandidateId | None:
    """The candidate that a transaction of one of our keys was for by this account."""
    for executor in parts.family.executors.values():
        candidate = executor.dispatcher.candidate_of(transaction, account) if executor.dispatcher is not None else None
        if candidate is not None:
            return candidate
    return None


def _in_flight(parts: Parts) -> frozenset[AccountRef]:
    """(venue, account) with an attempt still open."""
    return frozenset[AccountRef]().union(*(key.decisions.attempts.busy() for key in parts.keys))


async def _finish(parts: Parts) -> None:
    """Sources are stopped: finish the cases in hand and await receipts, but no longer than the grace period, and only while there is
    somebody who can tell of them."""
    parts.logger.info("stopping", open_attempts=len(_in_flight(parts)))
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            async with asyncio.timeout(_SILENCE_SECONDS):
                await gather(*(key.decisions.mailbox.drained() for key in parts.keys))
            while _in_flight(parts):
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await parts.lane.settle(await parts.family.chain.head())
                await asyncio.sleep(0.2)
            await gather(*(key.settled() for key in parts.keys))
    except (TimeoutError, Transient, RpcError) as error:
        reason = str(error) or "no answer in time"
        parts.logger.warning("stopping before all is known", reason=reason, left="in the outbox; the next start goes on with it")
    await asyncio.to_thread(parts.recorder.flush)
    for key in parts.keys:
        key.decisions.attempts.acknowledge()


async def _log_status(parts: Parts) -> None:
    head = parts.lane.head
    parts.logger.info(
        "status", head=head.number if head is not None else None, candidates_waiting=sum(len(key.decisions.mailbox) for key in parts.keys)
    )
    for score in parts.family.chain.scores():
        parts.logger.debug(
            "endpoint",
            endpoint=score.endpoint,
            purpose=score.purpose.value,
            score=round(score.value, 2),
            ms=round(score.latency_s * 1000),
            errors=round(score.error_rate, 2),
            behind=round(score.lag_blocks, 1),
        )
