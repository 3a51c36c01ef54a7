"""Builds everything and owns every lifetime. The only place that catches what nobody expected."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from structlog.typing import FilteringBoundLogger

from contracts.devnet.anvil import AnvilError, anvil_path
from keeper import log
from keeper.chain.chain import ChainClient, ChainOptions
from keeper.chain.pool import Incident
from keeper.domain import parse
from keeper.domain.chain import Address, LogFilter
from keeper.domain.decision import Limits
from keeper.domain.venue import AccountKey, Venue
from keeper.engine.evaluator import Evaluator
from keeper.engine.judge import Judge
from keeper.engine.liquidator import Hands, Liquidator
from keeper.engine.loop import Loop, LoopOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.periodic import every
from keeper.engine.questions import ChainQuestions
from keeper.engine.recovery import Recovery, Report
from keeper.engine.status import Heartbeat, Metrics, serve
from keeper.engine.tripwire import Tripwire
from keeper.errors import ConfigError, Fatal, KeeperError
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.executor import encode_execute
from keeper.execution.signer import Signer
from keeper.execution.simulate import ForkSimulator, SimulatorOptions, SimulatorPool
from keeper.settings import Mode, Settings
from keeper.store.options import LakeOptions
from keeper.store.recorder import Recorder
from keeper.venues import REGISTRY

_GWEI = 10**9
_ETHER = 10**18
_GRACE_SECONDS = 30.0
_STATUS_SECONDS = 60.0
_SILENCE_BLOCKS = 60
"""Blocks' worth of time without a finished block after which the daemon counts as dead."""

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
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lake = LakeOptions.at(settings.lake.dir, queue_blocks=settings.lake.queue_blocks)
    venues = build_venues(settings)
    with Recorder(lake, settings.chain.id, tuple(venues)) as recorder:
        async with AsyncExitStack() as stack:
            chain = await stack.enter_async_context(open_chain(settings, venues, logger))
            hands = await _hands(settings, chain, stack, logger)
            parts = _assemble(settings, venues, chain, recorder, hands, logger)
            if settings.keeper.status_port:
                await stack.enter_async_context(serve(parts.metrics, parts.heartbeat, settings.keeper.status_port))
            await _live(settings, parts, report, stop)
    logger.info("stopped")


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the daemon runs, built and connected."""

    chain: ChainClient
    recorder: Recorder
    evaluators: Mapping[str, Evaluator[Any, Any]]
    liquidator: Liquidator
    dispatcher: TransactionDispatcher | None
    mailbox: Mailbox
    loop: Loop
    metrics: Metrics
    heartbeat: Heartbeat
    logger: FilteringBoundLogger


def build_venues(settings: Settings) -> Mapping[str, Venue[Any, Any]]:
    """The venues of the settings. Raises ConfigError for a name no venue has, or options a venue does not take."""
    for name in settings.venues:
        if name not in REGISTRY:
            raise ConfigError(f"venues.{name}: no such venue. Known: {', '.join(sorted(REGISTRY))}.")
    return {name: REGISTRY[name](options) for name, options in settings.venues.items()}


@asynccontextmanager
async def open_chain(settings: Settings, venues: Mapping[str, Venue[Any, Any]], logger: FilteringBoundLogger) -> AsyncIterator[ChainClient]:
    """The chain's client, with the logs of these venues selected. Raises ConfigError for a wrong chain id, RpcUnavailable."""

    def heard(incident: Incident) -> None:
        logger.warning("endpoint", endpoint=incident.endpoint, what=incident.event, detail=incident.detail)

    filters: list[LogFilter] = [one for venue in venues.values() for one in venue.filters()]
    async with ChainClient.open(_chain_options(settings, settings.chain.rpc_urls), filters, heard) as chain:
        yield chain


def _chain_options(settings: Settings, urls: tuple[str, ...]) -> ChainOptions:
    given = settings.chain
    return ChainOptions(
        chain_id=given.id,
        rpc_urls=urls,
        ws_url=given.ws_url,
        multicall=given.multicall,
        finality_depth=given.finality_depth,
        poll_interval_s=given.poll_interval_s,
        request_timeout_s=given.request_timeout_s,
        max_log_range=given.max_log_range,
        prove_reads=given.prove_reads,
    )


async def _hands(settings: Settings, chain: ChainClient, stack: AsyncExitStack, logger: FilteringBoundLogger) -> Hands | None:
    """What acts: nothing in observe mode, the fork in simulate mode, fork and key in execute mode."""
    if settings.keeper.mode is Mode.OBSERVE:
        return None
    given = settings.execution
    if given.executor is None or given.operator is None:
        missing = "executor" if given.executor is None else "operator"
        raise ConfigError(
            f"execution.{missing} is missing. {settings.keeper.mode.value} mode needs the executor contract and its operator."
        )
    url = settings.chain.rpc_urls[0]
    options = SimulatorOptions(
        fork_url=url,
        anvil_command=(anvil_program(settings),),
        chain_id=settings.chain.id,
        # Fetching a candidate's state in one batch saves round trips, of which a node on this machine has none.
        prefetch=urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"),
    )
    forks = [await stack.enter_async_context(ForkSimulator(options, chain)) for _ in range(given.forks)]
    simulator = SimulatorPool(forks)
    if settings.keeper.mode is Mode.SIMULATE:
        return Hands(simulator, None, encode_execute, given.operator, given.executor)
    dispatcher = await _dispatcher(settings, given.operator, chain, stack, logger)
    return Hands(simulator, dispatcher, encode_execute, given.operator, given.executor)


async def _dispatcher(
    settings: Settings, operator: Address, chain: ChainClient, stack: AsyncExitStack, logger: FilteringBoundLogger
) -> TransactionDispatcher:
    given = settings.execution
    if given.key_file is None:
        raise ConfigError("execution.key_file is missing. Execute mode signs with the operator's encrypted keystore.")
    signer = Signer.open(given.key_file, given.password_file, os.environ)
    if signer.address != operator:
        raise ConfigError(f"execution.operator is {operator}, but {given.key_file} holds the key of {signer.address}. Correct one of them.")
    node = chain
    if given.send_urls:
        node = await stack.enter_async_context(ChainClient.open(_chain_options(settings, given.send_urls)))
    options = DispatcherOptions(
        chain_id=settings.chain.id,
        state_dir=settings.keeper.state_dir,
        max_fee_cap_wei=int(settings.limits.max_fee_gwei * _GWEI),
        bump_after_blocks=settings.limits.bump_after_blocks,
        max_bumps=settings.limits.max_bumps,
        spending_cap_wei_per_day=int(settings.limits.spending_cap_eth * _ETHER),
        final_after_blocks=settings.chain.finality_depth,
    )
    dispatcher = await stack.enter_async_context(TransactionDispatcher(options, signer, chain, node))
    for attempt in await dispatcher.start():
        logger.info("in flight", account=attempt.account, nonce=attempt.nonce, hash=attempt.transaction_hash)
    return dispatcher


def anvil_program(settings: Settings) -> str:
    """The anvil to start: the setting, PATH, the npm package. Raises ConfigError when there is none."""
    if settings.execution.anvil is not None:
        found = shutil.which(settings.execution.anvil)
        if found is None:
            raise ConfigError(f"execution.anvil: no program {settings.execution.anvil}. Name one, or leave the key out.")
        return found
    try:
        return str(anvil_path())
    except AnvilError as error:
        raise ConfigError(f"execution.anvil: {error}") from error


def _assemble(
    settings: Settings,
    venues: Mapping[str, Venue[Any, Any]],
    chain: ChainClient,
    recorder: Recorder,
    hands: Hands | None,
    logger: FilteringBoundLogger,
) -> Parts:
    evaluators = build_evaluators(settings, venues, chain)
    judge = build_judge(settings)
    dispatcher = hands.dispatcher if hands is not None else None
    mailbox, metrics = Mailbox(), Metrics()
    liquidator = Liquidator(
        hands,
        recorder,
        judge.limits,
        chain_id=settings.chain.id,
        block_seconds=settings.chain.block_seconds,
        cooldown_blocks=settings.keeper.cooldown_blocks,
        clock=time.time,
        name_revert={name: venue.revert_reason for name, venue in venues.items()},
    )
    tripwire = Tripwire(chain, every_blocks=settings.keeper.tripwire_blocks, accounts=settings.keeper.tripwire_accounts)
    heartbeat = Heartbeat(time.monotonic, max(_SILENCE_BLOCKS * settings.chain.block_seconds, 60))
    loop = Loop(
        chain,
        recorder,
        evaluators,
        liquidator,
        dispatcher,
        tripwire,
        mailbox,
        judge,
        _loop_options(settings),
        time.time,
        logger,
        metrics,
        heartbeat,
    )
    assert dispatcher is None or isinstance(dispatcher, TransactionDispatcher)
    return Parts(chain, recorder, evaluators, liquidator, dispatcher, mailbox, loop, metrics, heartbeat, logger)


def build_evaluators(settings: Settings, venues: Mapping[str, Venue[Any, Any]], chain: ChainClient) -> Mapping[str, Evaluator[Any, Any]]:
    """One evaluator per venue, asking the chain."""
    return {
        name: Evaluator(
            venue,
            ChainQuestions(chain),
            executor=settings.execution.executor,
            block_seconds=settings.chain.block_seconds,
            forecast=settings.chain.forecast,
        )
        for name, venue in venues.items()
    }


def build_judge(settings: Settings) -> Judge:
    """The operator's limits in the domain's units."""
    return Judge(
        chain_id=settings.chain.id,
        executor=settings.execution.executor,
        limits=limits_of(settings),
        gas_coin_market=settings.execution.gas_coin_market,
        priority_fee_wei=int(settings.limits.priority_fee_gwei * _GWEI),
        max_fee_wei=int(settings.limits.max_fee_gwei * _GWEI),
    )


def limits_of(settings: Settings) -> Limits:
    """The operator's limits in the domain's units."""
    given = settings.limits
    return Limits(
        min_profit_x18=int(given.min_profit_usd * _ETHER),
        min_notional_x18=int(given.min_notional_usd * _ETHER),
        allow=frozenset(AccountKey(_account(text, "allow")) for text in given.allow),
        deny=frozenset(AccountKey(_account(text, "deny")) for text in given.deny),
    )


def _account(text: str, key: str) -> str:
    try:
        return parse.address(text)
    except ValueError as error:
        raise ConfigError(f"limits.{key}: {error}.") from None


def _loop_options(settings: Settings) -> LoopOptions:
    return LoopOptions(
        chain_id=settings.chain.id,
        executor=settings.execution.executor,
        position_snapshot_blocks=settings.keeper.position_snapshot_blocks,
        record_reads=settings.keeper.record_reads,
    )


async def _live(settings: Settings, parts: Parts, report: Report, stop: asyncio.Event) -> None:
    """Recover, follow, act; on `stop` finish what is begun. Any failure of a part ends all of them."""
    recovery = Recovery(parts.chain, parts.chain, parts.recorder, record_reads=settings.keeper.record_reads, report=report)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(parts.recorder.watch())
        workers = [group.create_task(_work(parts)) for _ in range(settings.execution.forks)]
        beat = group.create_task(every(_STATUS_SECONDS, lambda: _tell(parts)))
        follow = group.create_task(_follow(settings, parts, recovery))
        stopping = group.create_task(stop.wait())
        await asyncio.wait((follow, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        follow.cancel()
        if stop.is_set():
            await _finish(parts)
        for task in (*workers, beat, watch):
            task.cancel()


async def _follow(settings: Settings, parts: Parts, recovery: Recovery) -> None:
    given = settings.chain
    start = await recovery.run(parts.evaluators, given.id, given.start_block, given.finality_depth)
    parts.logger.info("following", after=start.after.number, mode=settings.keeper.mode.value)
    await parts.loop.run(parts.chain.follow(start.after, start.known))
    raise Fatal("the follower ended")


async def _work(parts: Parts) -> None:
    """One of the liquidator's own tasks: a slow simulation must not hold up the next block."""
    while True:
        case = await parts.mailbox.take()
        result = await parts.liquidator.work(case, parts.loop.tariff, parts.mailbox.newest_block)
        parts.logger.info("candidate", account=case.candidate.account, id=case.candidate.id, result=parts.liquidator.name_of(result))
        await parts.mailbox.done(case)


async def _finish(parts: Parts) -> None:
    """Sources are stopped: finish the cases in hand and await receipts, but no longer than the grace period."""
    parts.logger.info("stopping", open_attempts=len(parts.dispatcher.open_accounts()) if parts.dispatcher else 0)
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            await parts.mailbox.drained()
            while parts.dispatcher is not None and parts.dispatcher.open_accounts():
                await parts.loop.settle(await parts.chain.head())
                await asyncio.sleep(0.2)
    except TimeoutError:
        parts.logger.warning("grace period over", left="in the outbox; the next start goes on with it")


async def _tell(parts: Parts) -> None:
    backlog = parts.recorder.backlog()
    parts.logger.info(
        "status",
        head=parts.loop.head.number if parts.loop.head else None,
        lake_queue=backlog.queued,
        lake_commit_ms=round(backlog.last_commit_ms, 1),
        candidates_waiting=len(parts.mailbox),
    )
