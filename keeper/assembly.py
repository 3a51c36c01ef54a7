"""Builds everything from the settings: the one place where adapters, venues and engine are put together."""

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from structlog.typing import FilteringBoundLogger

from keeper.chain.chain import ChainClient, ChainOptions, Observers
from keeper.chain.incident import Incident
from keeper.domain import data_fee, parse
from keeper.domain.chain import Address, Hash32, LogFilter, Purpose
from keeper.domain.decision import CandidateId, Limits
from keeper.domain.venue import AccountKey, Venue
from keeper.engine.attempts import Attempts
from keeper.engine.chain_lane import ChainLane
from keeper.engine.chain_status import ChainStatus
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.holds import Holds
from keeper.engine.liquidator import ExecutionSetup, Liquidator, LiquidatorOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.metrics import Collectors, Metrics
from keeper.engine.questions import ChainQuestions, NewestFee
from keeper.engine.recovery import Recovery, RecoveryOptions, Report
from keeper.engine.repair import Repair, RepairOptions
from keeper.engine.settlements import Settlements
from keeper.engine.tripwire import Tripwire
from keeper.engine.venue_lane import LaneServices, VenueLane
from keeper.engine.venue_rows import RowOptions
from keeper.errors import ConfigError
from keeper.execution.agreement import AgreedSimulator
from keeper.execution.anvil import anvil_program
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.dispatcher_options import no_data_fee
from keeper.execution.executor import encode_execute
from keeper.execution.executor_errors import executor_reason
from keeper.execution.gateway import Gateway
from keeper.execution.signer import Signer
from keeper.execution.simulate import ForkSimulator, SimulatorOptions, SimulatorPool
from keeper.execution.standing import Expected, StandingCheck
from keeper.execution.standing_watch import StandingWatch
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness
from keeper.settings import ChainScope, L1Fee, LakeSettings, LimitSettings, Mode, Settle, Verify
from keeper.venues import protocols

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
    recorder: ChainRecorder
    evaluators: Mapping[str, Evaluator]
    liquidator: Liquidator
    dispatcher: TransactionDispatcher | None
    attempts: Attempts
    mailbox: Mailbox
    settlements: Settlements | None
    lane: ChainLane
    status: ChainStatus
    standing: StandingWatch | None
    repair: Repair
    agreed: AgreedSimulator | None
    logger: FilteringBoundLogger


def build_status(scopes: Sequence[ChainScope], collectors: Collectors, logger: FilteringBoundLogger) -> Mapping[str, ChainStatus]:
    """What the daemon will say of each chain."""
    return {
        scope.name: ChainStatus(
            Heartbeat(time.monotonic, max(_SILENCE_BLOCKS * scope.chain.block_seconds, 60)),
            _readiness(logger if len(scopes) == 1 else logger.bind(chain=scope.name)),
            Metrics(collectors, scope.name),
        )
        for scope in scopes
    }


def _readiness(logger: FilteringBoundLogger) -> Readiness:
    return Readiness(LogAlerts(logger), logger)


def build_venues(scope: ChainScope) -> Mapping[str, Venue]:
    """The venues of one chain, by their names in the settings."""
    return {name: protocols()[venue.protocol].make(venue.options) for name, venue in scope.venues.items()}


def lake_place(lake: LakeSettings) -> LakePlace:
    """Where both catalogs of the lake are. Raises ConfigError."""
    return LakePlace.at(lake.dir, lake.catalog, lake.data)


def lake_options(lake: LakeSettings) -> LakeOptions:
    """What the recorder is opened with. Raises ConfigError."""
    return LakeOptions(place=lake_place(lake), queue_blocks=lake.queue_blocks)


@asynccontextmanager
async def open_chain(
    scope: ChainScope, venues: Mapping[str, Venue], logger: FilteringBoundLogger, status: ChainStatus | None = None
) -> AsyncIterator[ChainClient]:
    """The chain's client, with the logs of these venues selected. Raises ConfigError for a wrong chain id, RpcUnavailable.

    With a `status` it waits for the first endpoint that answers instead, and tells there whether any does."""
    filters: list[LogFilter] = [one for venue in venues.values() for one in venue.filters()]
    observers = Observers(_heard(logger))
    if status is not None:
        observers = Observers(_heard(logger), status.readiness.report, status.heartbeat.pulse)
    async with ChainClient.open(_chain_options(scope), filters, observers, wait=status is not None) as chain:
        yield chain


def _heard(logger: FilteringBoundLogger) -> Callable[[Incident], None]:
    """What becomes of news about endpoints: a line in the log."""
    return lambda incident: logger.warning("endpoint", endpoint=incident.endpoint, what=incident.event, detail=incident.detail)


def _chain_options(scope: ChainScope) -> ChainOptions:
    return ChainOptions(
        chain_id=scope.chain.id,
        rpc_urls=scope.chain.rpc_urls,
        send_urls=scope.chain.send_urls if scope.keeper.mode is Mode.EXECUTE else (),
        ws_url=scope.chain.ws_url,
        block_seconds=scope.chain.block_seconds,
        wall_clock=scope.chain.wall_clock,
        max_answer_bytes=scope.chain.max_answer_mib << 20,
        multicall=scope.chain.multicall,
        finality_depth=scope.chain.finality_depth,
        poll_interval_s=scope.chain.poll_interval_s,
        request_timeout_s=scope.chain.request_timeout_s,
        max_log_range=scope.chain.max_log_range,
        prove_reads=scope.chain.prove_reads,
        verify_receipts=scope.chain.verify is Verify.RECEIPTS,
    )


async def open_execution(
    scope: ChainScope, chain: ChainClient, stack: AsyncExitStack, logger: FilteringBoundLogger
) -> ExecutionSetup | None:
    """What acts: nothing in observe mode, the fork in simulate mode, fork and key in execute mode."""
    if scope.keeper.mode is Mode.OBSERVE:
        return None
    execution = scope.execution
    if execution.address is None or execution.operator is None:
        missing = "address" if execution.address is None else "operator"
        raise ConfigError(
            f"{scope.executor_key(missing)} is missing. {scope.keeper.mode.value} mode needs the executor contract and its operator."
        )
    options = SimulatorOptions(
        anvil_command=(anvil_program(execution.anvil),),
        # Fetching a candidate's state in one batch saves round trips, of which a node on this machine has none.
        prefetch=any(urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1") for url in scope.chain.rpc_urls),
    )
    node = chain.node(Purpose.FORK)
    gateway = await stack.enter_async_context(Gateway(node, scope.chain.id))
    forks = [ForkSimulator(options, node, gateway.open_door()) for _ in range(execution.forks)]
    simulator = SimulatorPool([await stack.enter_async_context(fork) for fork in forks])
    newest_fee = newest_data_fee(scope)
    if scope.keeper.mode is Mode.SIMULATE:
        return ExecutionSetup(simulator, None, encode_execute, execution.operator, execution.address, newest_fee)
    dispatcher = await _dispatcher(scope, execution.operator, chain, newest_fee, stack, logger)
    settlements = Settlements() if execution.settle is Settle.UNLESS_GUARDED else None
    return ExecutionSetup(simulator, dispatcher, encode_execute, execution.operator, execution.address, newest_fee, settlements)


async def _dispatcher(
    scope: ChainScope,
    operator: Address,
    chain: ChainClient,
    newest_fee: NewestFee | None,
    stack: AsyncExitStack,
    logger: FilteringBoundLogger,
) -> TransactionDispatcher:
    execution = scope.execution
    if execution.key_file is None:
        raise ConfigError(f"{scope.executor_key('key_file')} is missing. Execute mode signs with the operator's encrypted keystore.")
    signer = Signer.open(execution.key_file, execution.password_file, os.environ)
    if signer.address != operator:
        raise ConfigError(
            f"{scope.executor_key('operator')} is {operator}, but {execution.key_file} holds the key of {signer.address}. "
            "Correct one of them."
        )
    options = DispatcherOptions(
        chain_id=scope.chain.id,
        state_dir=scope.keeper.state_dir,
        max_fee_cap_wei=int(scope.limits.max_fee_gwei * _GWEI),
        bump_after_blocks=scope.limits.bump_after_blocks,
        max_bumps=scope.limits.max_bumps,
        spending_cap_wei_per_day=int(scope.limits.spending_cap_eth * _ETHER),
        final_after_blocks=scope.chain.finality_depth,
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
    scope: ChainScope,
    venues: Mapping[str, Venue],
    chain: ChainClient,
    recorder: ChainRecorder,
    setup: ExecutionSetup | None,
    status: ChainStatus,
    logger: FilteringBoundLogger,
) -> Parts:
    """The daemon's parts, connected: an open chain, a recorder, the settings' venues and limits; `setup` act, None in observe mode."""
    evaluators = build_evaluators(scope, venues, chain, setup.newest_fee if setup is not None else None)
    policy = build_policy(scope)
    agreed = _agreed(scope, chain, setup, status)
    setup = replace(setup, simulator=agreed) if setup is not None and agreed is not None else setup
    dispatcher = setup.dispatcher if setup is not None else None
    mailbox = Mailbox()
    name_revert = {name: executor_reason(venue.revert_reason) for name, venue in venues.items()}
    liquidator = Liquidator(
        setup,
        recorder,
        LiquidatorOptions(policy.limits, scope.chain.id, scope.chain.look_ahead_s, scope.keeper.cooldown_blocks),
        clock=time.time,
        name_revert=name_revert,
    )
    tripwire = Tripwire(chain, every_blocks=scope.keeper.tripwire_blocks, accounts=scope.keeper.tripwire_accounts)
    attempts = Attempts(dispatcher, recorder, scope.chain.id, scope.execution.address, logger, status.metrics, name_revert)
    repair = Repair(chain, chain, recorder, _repair_options(scope), time.time, logger)
    holds = Holds(repair, status.readiness.report)
    gas = GasPriceSource(policy, tuple(venues))
    decisions = Decisions(policy, gas, attempts, liquidator, mailbox, holds, status.metrics)
    services = LaneServices(chain, recorder, status, logger, time.time)
    options = _row_options(scope)
    lanes = [VenueLane(name, evaluator, services, decisions, tripwire, holds, options) for name, evaluator in evaluators.items()]
    lane = ChainLane(services, lanes, decisions, liquidator, patience_s=scope.chain.block_seconds / 2)
    assert dispatcher is None or isinstance(dispatcher, TransactionDispatcher)
    standing = _standing_check(chain, setup, lane, repair, status.readiness, policy.priority_fee_wei) if setup is not None else None
    settlements = setup.settlements if setup is not None else None
    return Parts(
        chain, recorder, evaluators, liquidator, dispatcher, attempts, mailbox, settlements, lane, status, standing, repair, agreed, logger
    )


def _agreed(scope: ChainScope, chain: ChainClient, setup: ExecutionSetup | None, status: ChainStatus) -> AgreedSimulator | None:
    """Where money moves: the simulator on which all endpoints have a say."""
    if setup is None or setup.simulator is None or setup.dispatcher is None:
        return None
    patience_s = min(scope.chain.block_seconds / 4, _PATIENCE_SECONDS)
    return AgreedSimulator(setup.simulator, chain, status.readiness.report, patience_s=patience_s)


def _standing_check(
    chain: ChainClient,
    setup: ExecutionSetup,
    lane: ChainLane,
    repair: Repair,
    readiness: Readiness,
    priority_fee_wei: int,
) -> StandingWatch:
    """Whether the operator can act, in the modes in which it should."""

    def expected() -> Sequence[Expected]:
        # The book of a venue that has stopped says nothing any more.
        return [expected_of(name, evaluator) for name, evaluator in lane.evaluators.items()]

    def report(problem: str | None) -> None:
        readiness.report("executor", problem)

    check = StandingCheck(chain, setup.executor, setup.sender, expected, report, priority_fee_wei)
    return StandingWatch(check, chain.head, lambda: repair.at_work)


def expected_of(name: str, evaluator: Evaluator) -> Expected:
    """What the executor must allow for a venue, by the markets and tokens its book knows."""
    return Expected(name, evaluator.venue.rules(evaluator.book), evaluator.venue.valuer(evaluator.book))


def open_recovery(
    scope: ChainScope,
    chain: ChainClient,
    recorder: ChainRecorder,
    report: Report,
    dispatcher: TransactionDispatcher | None,
    followed_gap: int,
) -> Recovery:
    """What brings the venues to where following begins. With `followed_gap` 0 everything final is taken in first."""
    options = RecoveryOptions(
        chain_id=scope.chain.id,
        start_block=scope.chain.start_block,
        finality_depth=scope.chain.finality_depth,
        executor=scope.execution.address,
        record_reads=scope.keeper.record_reads,
        followed_gap=followed_gap,
    )
    return Recovery(chain, chain, recorder, options, report, time.time, dispatcher.candidate_of if dispatcher else _nobodys)


def _nobodys(_: Hash32) -> CandidateId | None:
    return None


def build_evaluators(
    scope: ChainScope, venues: Mapping[str, Venue], chain: ChainClient, newest_fee: NewestFee | None = None
) -> Mapping[str, Evaluator]:
    """One evaluator per venue, asking the chain; `newest_fee` is told the prices of the L1 data fee, where the chain has one."""
    newest_fee = newest_fee or newest_data_fee(scope)
    return {
        name: Evaluator(
            venue,
            ChainQuestions(chain, newest_fee),
            executor=scope.execution.address,
            block_seconds=scope.chain.look_ahead_s,
            forecast=scope.chain.forecast,
        )
        for name, venue in venues.items()
    }


def newest_data_fee(scope: ChainScope) -> NewestFee | None:
    """Holds the prices of the chain's L1 data fee; None where it charges none."""
    return NewestFee(data_fee.optimism) if scope.chain.l1_fee is L1Fee.OPTIMISM else None


def build_policy(scope: ChainScope) -> DecisionPolicy:
    """The operator's limits in the domain's units."""
    return DecisionPolicy(
        chain_id=scope.chain.id,
        executor=scope.execution.address,
        limits=limits_of(scope.limits),
        gas_coin_market=scope.chain.gas_coin_market,
        priority_fee_wei=int(scope.limits.priority_fee_gwei * _GWEI),
        max_fee_wei=int(scope.limits.max_fee_gwei * _GWEI),
        encode=encode_execute,
    )


def limits_of(limits: LimitSettings) -> Limits:
    """The operator's limits in the domain's units."""
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


def _repair_options(scope: ChainScope) -> RepairOptions:
    chain = scope.chain
    return RepairOptions(chain.id, chain.start_block, chain.finality_depth, scope.execution.address)


def _row_options(scope: ChainScope) -> RowOptions:
    return RowOptions(
        executor=scope.execution.address,
        position_snapshot_blocks=scope.keeper.position_snapshot_blocks,
        record_reads=scope.keeper.record_reads,
    )
