"""Builds everything from the settings: the one place where adapters, venues and engine are put together."""

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from structlog.typing import FilteringBoundLogger

from keeper.chain.chain import ChainClient, ChainOptions, Observers
from keeper.chain.pool import Incident
from keeper.domain import data_fee, parse
from keeper.domain.chain import Address, Hash32, LogFilter, Purpose
from keeper.domain.decision import CandidateId, Limits
from keeper.domain.venue import AccountKey, Venue
from keeper.engine.attempts import Attempts
from keeper.engine.evaluator import Evaluator
from keeper.engine.holds import Holds
from keeper.engine.judge import Judge
from keeper.engine.liquidator import Hands, Liquidator
from keeper.engine.loop import Loop, LoopOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.questions import ChainQuestions, NewestFee
from keeper.engine.recovery import Recovery, RecoveryOptions, Report
from keeper.engine.repair import Repair, RepairOptions
from keeper.engine.settlements import Settlements
from keeper.engine.status import Heartbeat, Metrics, Readiness, Status
from keeper.engine.tripwire import Tripwire
from keeper.errors import ConfigError
from keeper.execution.agreement import AgreedSimulator
from keeper.execution.anvil import anvil_program
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.dispatcher_options import no_data_fee
from keeper.execution.executor import encode_execute
from keeper.execution.gateway import Gateway
from keeper.execution.signer import Signer
from keeper.execution.simulate import ForkSimulator, SimulatorOptions, SimulatorPool
from keeper.execution.standing import Expected, StandingCheck
from keeper.execution.standing_watch import StandingWatch
from keeper.settings import L1Fee, Mode, Settings, Settle, Verify
from keeper.store.recorder import Recorder
from keeper.venues import REGISTRY

_GWEI = 10**9
_ETHER = 10**18
_PATIENCE_SECONDS = 0.5
"""The longest that one endpoint's word about a transaction is waited for."""
_SILENCE_BLOCKS = 60
"""Blocks' worth of time without a finished block after which the daemon counts as dead."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the daemon runs, built and connected."""

    chain: ChainClient
    recorder: Recorder
    evaluators: Mapping[str, Evaluator[Any, Any]]
    liquidator: Liquidator
    dispatcher: TransactionDispatcher | None
    attempts: Attempts
    mailbox: Mailbox
    settlements: Settlements | None
    loop: Loop
    status: Status
    standing: StandingWatch | None
    repair: Repair
    agreed: AgreedSimulator | None
    logger: FilteringBoundLogger


def build_status(settings: Settings, logger: FilteringBoundLogger) -> Status:
    """What the daemon will say of itself."""
    heartbeat = Heartbeat(time.monotonic, max(_SILENCE_BLOCKS * settings.chain.block_seconds, 60))
    return Status(Metrics(), heartbeat, Readiness(logger))


def build_venues(settings: Settings) -> Mapping[str, Venue[Any, Any]]:
    """The venues of the settings. Raises ConfigError for a name no venue has, or options a venue does not take."""
    for name in settings.venues:
        if name not in REGISTRY:
            raise ConfigError(f"venues.{name}: no such venue. Known: {', '.join(sorted(REGISTRY))}.")
    return {name: REGISTRY[name](options) for name, options in settings.venues.items()}


@asynccontextmanager
async def open_chain(
    settings: Settings, venues: Mapping[str, Venue[Any, Any]], logger: FilteringBoundLogger, status: Status | None = None
) -> AsyncIterator[ChainClient]:
    """The chain's client, with the logs of these venues selected. Raises ConfigError for a wrong chain id, RpcUnavailable.

    With a `status` it waits for the first endpoint that answers instead, and tells there whether any does."""
    filters: list[LogFilter] = [one for venue in venues.values() for one in venue.filters()]
    observers = Observers(_heard(logger))
    if status is not None:
        observers = Observers(_heard(logger), status.readiness.report, status.heartbeat.pulse)
    async with ChainClient.open(_chain_options(settings), filters, observers, wait=status is not None) as chain:
        yield chain


def _heard(logger: FilteringBoundLogger) -> Callable[[Incident], None]:
    """What becomes of news about endpoints: a line in the log."""
    return lambda incident: logger.warning("endpoint", endpoint=incident.endpoint, what=incident.event, detail=incident.detail)


def _chain_options(settings: Settings) -> ChainOptions:
    chain_settings = settings.chain
    return ChainOptions(
        chain_id=chain_settings.id,
        rpc_urls=chain_settings.rpc_urls,
        send_urls=settings.execution.send_urls if settings.keeper.mode is Mode.EXECUTE else (),
        ws_url=chain_settings.ws_url,
        block_seconds=chain_settings.block_seconds,
        wall_clock=chain_settings.wall_clock,
        max_answer_bytes=chain_settings.max_answer_mib << 20,
        multicall=chain_settings.multicall,
        finality_depth=chain_settings.finality_depth,
        poll_interval_s=chain_settings.poll_interval_s,
        request_timeout_s=chain_settings.request_timeout_s,
        max_log_range=chain_settings.max_log_range,
        prove_reads=chain_settings.prove_reads,
        verify_receipts=chain_settings.verify is Verify.RECEIPTS,
    )


async def open_hands(settings: Settings, chain: ChainClient, stack: AsyncExitStack, logger: FilteringBoundLogger) -> Hands | None:
    """What acts: nothing in observe mode, the fork in simulate mode, fork and key in execute mode."""
    if settings.keeper.mode is Mode.OBSERVE:
        return None
    execution = settings.execution
    if execution.executor is None or execution.operator is None:
        missing = "executor" if execution.executor is None else "operator"
        raise ConfigError(
            f"execution.{missing} is missing. {settings.keeper.mode.value} mode needs the executor contract and its operator."
        )
    options = SimulatorOptions(
        anvil_command=(anvil_program(execution.anvil),),
        # Fetching a candidate's state in one batch saves round trips, of which a node on this machine has none.
        prefetch=any(urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1") for url in settings.chain.rpc_urls),
    )
    node = chain.node(Purpose.FORK)
    gateway = await stack.enter_async_context(Gateway(node, settings.chain.id))
    forks = [ForkSimulator(options, node, gateway.open_door()) for _ in range(execution.forks)]
    simulator = SimulatorPool([await stack.enter_async_context(fork) for fork in forks])
    newest_fee = newest_data_fee(settings)
    if settings.keeper.mode is Mode.SIMULATE:
        return Hands(simulator, None, encode_execute, execution.operator, execution.executor, newest_fee)
    dispatcher = await _dispatcher(settings, execution.operator, chain, newest_fee, stack, logger)
    settlements = Settlements() if execution.settle is Settle.UNLESS_GUARDED else None
    return Hands(simulator, dispatcher, encode_execute, execution.operator, execution.executor, newest_fee, settlements)


async def _dispatcher(
    settings: Settings,
    operator: Address,
    chain: ChainClient,
    newest_fee: NewestFee | None,
    stack: AsyncExitStack,
    logger: FilteringBoundLogger,
) -> TransactionDispatcher:
    execution = settings.execution
    if execution.key_file is None:
        raise ConfigError("execution.key_file is missing. Execute mode signs with the operator's encrypted keystore.")
    signer = Signer.open(execution.key_file, execution.password_file, os.environ)
    if signer.address != operator:
        raise ConfigError(
            f"execution.operator is {operator}, but {execution.key_file} holds the key of {signer.address}. Correct one of them."
        )
    options = DispatcherOptions(
        chain_id=settings.chain.id,
        state_dir=settings.keeper.state_dir,
        max_fee_cap_wei=int(settings.limits.max_fee_gwei * _GWEI),
        bump_after_blocks=settings.limits.bump_after_blocks,
        max_bumps=settings.limits.max_bumps,
        spending_cap_wei_per_day=int(settings.limits.spending_cap_eth * _ETHER),
        final_after_blocks=settings.chain.finality_depth,
        data_fee_wei=newest_fee.of_calldata if newest_fee is not None else no_data_fee,
    )
    node = chain.node(Purpose.SEND)
    dispatcher = await stack.enter_async_context(
        TransactionDispatcher(options, signer, node, *chain.senders(), notice=lambda note: logger.warning("nonces", note=note))
    )
    for attempt in await dispatcher.start():
        logger.info("in flight", account=attempt.account, nonce=attempt.nonce, hash=attempt.transaction_hash)
    return dispatcher


def assemble(
    settings: Settings,
    venues: Mapping[str, Venue[Any, Any]],
    chain: ChainClient,
    recorder: Recorder,
    hands: Hands | None,
    status: Status,
    logger: FilteringBoundLogger,
) -> Parts:
    """The daemon's parts, connected: an open chain, a recorder, the settings' venues and limits; `hands` act, None in observe mode."""
    evaluators = build_evaluators(settings, venues, chain, hands.newest_fee if hands is not None else None)
    judge = build_judge(settings)
    agreed = _agreed(settings, chain, hands, status)
    hands = replace(hands, simulator=agreed) if hands is not None and agreed is not None else hands
    dispatcher = hands.dispatcher if hands is not None else None
    mailbox = Mailbox()
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
    attempts = Attempts(dispatcher, recorder, settings.chain.id, settings.execution.executor, logger, status.metrics)
    repair = Repair(chain, chain, recorder, _repair_options(settings), time.time, logger)
    loop = Loop(
        chain,
        recorder,
        evaluators,
        liquidator,
        attempts,
        tripwire,
        mailbox,
        judge,
        _loop_options(settings),
        time.time,
        logger,
        status,
        Holds(repair, status.readiness.report),
    )
    assert dispatcher is None or isinstance(dispatcher, TransactionDispatcher)
    standing = _standing_check(chain, hands, evaluators, status.readiness, judge.priority_fee_wei) if hands is not None else None
    settlements = hands.settlements if hands is not None else None
    return Parts(
        chain, recorder, evaluators, liquidator, dispatcher, attempts, mailbox, settlements, loop, status, standing, repair, agreed, logger
    )


def _agreed(settings: Settings, chain: ChainClient, hands: Hands | None, status: Status) -> AgreedSimulator | None:
    """Where money moves: the simulator on which all endpoints have a say."""
    if hands is None or hands.simulator is None or hands.dispatcher is None:
        return None
    patience_s = min(settings.chain.block_seconds / 4, _PATIENCE_SECONDS)
    return AgreedSimulator(hands.simulator, chain, status.readiness.report, patience_s=patience_s)


def _standing_check(
    chain: ChainClient, hands: Hands, evaluators: Mapping[str, Evaluator[Any, Any]], readiness: Readiness, priority_fee_wei: int
) -> StandingWatch:
    """Whether the operator can act, in the modes in which it should."""

    def expected() -> Sequence[Expected]:
        return [expected_of(name, evaluator) for name, evaluator in evaluators.items()]

    def report(problem: str | None) -> None:
        readiness.report("executor", problem)

    check = StandingCheck(chain, hands.executor, hands.sender, expected, report, priority_fee_wei)
    return StandingWatch(check, chain.head)


def expected_of(name: str, evaluator: Evaluator[Any, Any]) -> Expected:
    """What the executor must allow for a venue, by the markets and tokens its book knows."""
    return Expected(name, evaluator.venue.rules(evaluator.book), evaluator.venue.valuer(evaluator.book))


def open_recovery(
    settings: Settings, chain: ChainClient, recorder: Recorder, report: Report, dispatcher: TransactionDispatcher | None, followed_gap: int
) -> Recovery:
    """What brings the venues to where following begins. With `followed_gap` 0 everything final is taken in first."""
    options = RecoveryOptions(
        chain_id=settings.chain.id,
        start_block=settings.chain.start_block,
        finality_depth=settings.chain.finality_depth,
        executor=settings.execution.executor,
        record_reads=settings.keeper.record_reads,
        followed_gap=followed_gap,
    )
    return Recovery(chain, chain, recorder, options, report, time.time, dispatcher.candidate_of if dispatcher else _nobodys)


def _nobodys(_: Hash32) -> CandidateId | None:
    return None


def build_evaluators(
    settings: Settings, venues: Mapping[str, Venue[Any, Any]], chain: ChainClient, newest_fee: NewestFee | None = None
) -> Mapping[str, Evaluator[Any, Any]]:
    """One evaluator per venue, asking the chain; `newest_fee` is told the prices of the L1 data fee, where the chain has one."""
    newest_fee = newest_fee or newest_data_fee(settings)
    return {
        name: Evaluator(
            venue,
            ChainQuestions(chain, newest_fee),
            executor=settings.execution.executor,
            block_seconds=settings.chain.block_seconds,
            forecast=settings.chain.forecast,
        )
        for name, venue in venues.items()
    }


def newest_data_fee(settings: Settings) -> NewestFee | None:
    """Holds the prices of the chain's L1 data fee; None where it charges none."""
    return NewestFee(data_fee.optimism) if settings.chain.l1_fee is L1Fee.OPTIMISM else None


def build_judge(settings: Settings) -> Judge:
    """The operator's limits in the domain's units."""
    return Judge(
        chain_id=settings.chain.id,
        executor=settings.execution.executor,
        limits=limits_of(settings),
        gas_coin_market=settings.execution.gas_coin_market,
        priority_fee_wei=int(settings.limits.priority_fee_gwei * _GWEI),
        max_fee_wei=int(settings.limits.max_fee_gwei * _GWEI),
        encode=encode_execute,
    )


def limits_of(settings: Settings) -> Limits:
    """The operator's limits in the domain's units."""
    limits = settings.limits
    return Limits(
        min_profit_x18=int(limits.min_profit_usd * _ETHER),
        min_notional_x18=int(limits.min_notional_usd * _ETHER),
        allow=frozenset(AccountKey(_account(text, "allow")) for text in limits.allow),
        deny=frozenset(AccountKey(_account(text, "deny")) for text in limits.deny),
    )


def _account(text: str, key: str) -> str:
    try:
        return parse.address(text)
    except ValueError as error:
        raise ConfigError(f"limits.{key}: {error}.") from None


def _repair_options(settings: Settings) -> RepairOptions:
    chain_settings = settings.chain
    return RepairOptions(chain_settings.id, chain_settings.start_block, chain_settings.finality_depth, settings.execution.executor)


def _loop_options(settings: Settings) -> LoopOptions:
    return LoopOptions(
        chain_id=settings.chain.id,
        executor=settings.execution.executor,
        position_snapshot_blocks=settings.keeper.position_snapshot_blocks,
        record_reads=settings.keeper.record_reads,
    )
