"""Builds everything from the settings: the one place where chain family, venues and engine are put together."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from structlog.typing import FilteringBoundLogger

from keeper import evm, gating
from keeper.domain import data_fee, parse
from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.chain import Hash32, Timestamp
from keeper.domain.decision import CandidateId, Decision, Limits, Skip
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.inventory import Targets
from keeper.domain.money import Usd18
from keeper.domain.venue import Venue
from keeper.engine.attempts import Attempts
from keeper.engine.chain_lane import ChainLane
from keeper.engine.chain_status import ChainStatus
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.holds import Holds
from keeper.engine.inventory import Holder, Inventory
from keeper.engine.key_lane import KeyLane
from keeper.engine.liquidator import ExecutionSetup, Liquidator, LiquidatorOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.metrics import Collectors, Metrics
from keeper.engine.ports import Chain, Executor, Family, FollowedChain, PriceService
from keeper.engine.questions import ChainQuestions, NewestFee
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.recovery import Recovery, RecoveryOptions, Report
from keeper.engine.repair import Repair, RepairOptions
from keeper.engine.required_quotes import RequiredQuotes
from keeper.engine.sequencer_uptime import SequencerUptime
from keeper.engine.settlements import Settlements
from keeper.engine.tripwire import Tripwire
from keeper.engine.venue_lane import LaneServices, VenueLane
from keeper.engine.venue_rows import RowOptions
from keeper.errors import ConfigError
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.oracles.price_services import open_price_services
from keeper.oracles.pyth import PriceIncident
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness
from keeper.settings import ChainScope, ExecutorScope, ExecutorSettings, L1Fee, LakeSettings, LimitSettings, Settle
from keeper.venues import protocols

_GWEI = 10**9
_MILLION = 10**6
_SILENCE_BLOCKS = 60
"""Blocks' worth of time without a finished block after which the daemon counts as dead."""
_WORKERS = 8
"""Candidates worked on at the same time where none waits for a fork: most of a pre-check is waiting for endpoints."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the daemon runs, built and connected. `prices`, by venue: where its signed prices come from; `quotes`: where they go."""

    family: Family
    recorder: ChainRecorder
    evaluators: Mapping[str, Evaluator]
    keys: Sequence[KeyLane]
    lane: ChainLane
    quotes: QuoteBoard
    prices: Mapping[str, PriceService]
    status: ChainStatus
    repair: Repair
    logger: FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Pulled:
    """Signed prices: where they are kept, and by venue where they come from. `uptime`: of the sequencer, where the chain tells of it."""

    quotes: QuoteBoard
    prices: Mapping[str, PriceService]
    uptime: SequencerUptime | None = None


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


def open_chain(scope: ChainScope, venues: Mapping[str, Venue], logger: FilteringBoundLogger) -> AbstractAsyncContextManager[FollowedChain]:
    """The chain alone, with the logs of these venues selected. Raises ConfigError for a wrong chain id, RpcUnavailable."""
    return evm.open_chain(scope, venues, logger)


@asynccontextmanager
async def open_price_service(scope: ChainScope, venue: str, logger: FilteringBoundLogger) -> AsyncIterator[PriceService | None]:
    """Where a venue's signed prices come from; None where all its prices are on the chain. Raises ConfigError."""
    name = scope.venues[venue].oracle
    oracles = {} if name is None else {name: scope.oracles[name]}
    async with open_price_services(oracles, _wall_clock, _price_report(logger)) as services:
        yield None if name is None else services[name]


def _wall_clock() -> Timestamp:
    return Timestamp(int(time.time()))


@asynccontextmanager
async def open_parts(
    scope: ChainScope, venues: Mapping[str, Venue], recorder: ChainRecorder, status: ChainStatus, logger: FilteringBoundLogger
) -> AsyncIterator[Parts]:
    """The chain's family, opened as the mode says, and the parts on top of it. Waits for the first endpoint that answers; reports to
    `status`. Raises ConfigError."""
    newest_fee = newest_data_fee(scope)
    data_fee_wei = newest_fee.of_calldata if newest_fee is not None else None
    async with (
        open_price_services(scope.oracles, _wall_clock, _price_report(logger)) as services,
        evm.open_family(scope, venues, data_fee_wei, status, logger) as family,
    ):
        quotes, uptime = QuoteBoard(), gating.build_uptime(scope)
        evaluators = build_evaluators(scope, venues, family.chain, newest_fee, quotes, uptime)
        prices = {name: services[venue.oracle] for name, venue in scope.venues.items() if venue.oracle is not None}
        yield assemble(scope, family, evaluators, recorder, status, logger, Pulled(quotes, prices, uptime))


def _price_report(logger: FilteringBoundLogger) -> Callable[[PriceIncident], None]:
    return lambda incident: logger.warning(
        "price service", service=incident.service, reason=incident.reason, detail=incident.detail, feed=incident.price_id
    )


def assemble(
    scope: ChainScope,
    family: Family,
    evaluators: Mapping[str, Evaluator],
    recorder: ChainRecorder,
    status: ChainStatus,
    logger: FilteringBoundLogger,
    pulled: Pulled,
) -> Parts:
    """The daemon's parts, connected: an open family, the settings' venues and limits, a recorder, signed prices."""
    chain = family.chain
    services = LaneServices(chain, recorder, status, logger, time.time, scope.chain.id)
    repair = Repair(chain, chain, recorder, _repair_options(scope), time.time, logger)
    holds = Holds(repair, status.gate)
    recent = gating.build_recent_blocks(scope)
    sources = gating.GateSources(recent, pulled.uptime, pulled.quotes, evaluators, services.clock)
    gates = gating.chain_gates(scope, sources, status.gate)
    gas = GasPriceSource(build_policy(scope, scope.executors[0]), tuple(evaluators))
    keys: dict[str | None, KeyLane] = {}

    def running(executor: ExecutorScope) -> Mapping[str, Evaluator]:
        # The book of a venue that has stopped says nothing any more, so only the lane's venues are watched.
        return {name: evaluator for name, evaluator in lane.evaluators.items() if name in executor.venues}

    for executor in scope.executors:
        adapters = family.executors.get(executor.name) if executor.name is not None else None
        setup = _execution_setup(executor, adapters)
        watch = adapters.operator_watch(partial(running, executor), lambda: repair.at_work) if adapters is not None else None
        required = {name: RequiredQuotes(evaluators[name], service) for name, service in pulled.prices.items() if name in executor.venues}
        breakers = gating.build_breakers(scope, executor, setup.dispatcher if setup is not None else None, status.gate, services.clock)
        stop = gating.stop_of(gates, breakers.gates)
        liquidator = _liquidator(scope, executor, setup, evaluators, services, required, stop)
        decisions = _decisions(scope, executor, liquidator, evaluators, services, gas, holds)
        deferred = setup.settlements if setup is not None else None
        workers = executor.settings.forks if deferred is None else max(executor.settings.forks, _WORKERS)
        inventories = _inventories(executor, adapters, evaluators, decisions, services)
        keys[executor.name] = KeyLane(decisions, deferred, watch, workers, logger, breakers, inventories)
    tripwire = Tripwire(chain, every_blocks=scope.keeper.tripwire_blocks, accounts=scope.keeper.tripwire_accounts)
    options = RowOptions(scope.keeper.position_snapshot_blocks, scope.keeper.record_reads)
    lanes = [
        VenueLane(name, evaluator, services, keys[scope.executor_of(name).name].decisions, tripwire, holds, options)
        for name, evaluator in evaluators.items()
    ]
    patience_s = scope.chain.block_seconds / 2
    lane = ChainLane(services, lanes, tuple(keys.values()), gas, patience_s=patience_s, recent=recent, gates=gates)
    return Parts(family, recorder, evaluators, tuple(keys.values()), lane, pulled.quotes, pulled.prices, status, repair, logger)


def _inventories(
    executor: ExecutorScope, adapters: Executor | None, evaluators: Mapping[str, Evaluator], decisions: Decisions, services: LaneServices
) -> Mapping[str, Inventory]:
    """By venue; none where nothing is sent."""
    if adapters is None or adapters.dispatcher is None:
        return {}
    holder = Holder(adapters, targets_of(executor.settings))
    return {name: Inventory(name, evaluators[name], holder, decisions, services) for name in executor.venues}


def _liquidator(
    scope: ChainScope,
    executor: ExecutorScope,
    setup: ExecutionSetup | None,
    evaluators: Mapping[str, Evaluator],
    services: LaneServices,
    required: Mapping[str, RequiredQuotes],
    stop: Callable[[Decision], Skip | None],
) -> Liquidator:
    limits, words = limits_of(scope), _revert_words(executor, evaluators)
    options = LiquidatorOptions(limits, scope.chain.id, scope.chain.look_ahead_s, scope.keeper.cooldown_blocks)
    return Liquidator(setup, services.recorder, options, clock=services.clock, name_revert=words, required_quotes=required, stop=stop)


def _decisions(
    scope: ChainScope,
    executor: ExecutorScope,
    liquidator: Liquidator,
    evaluators: Mapping[str, Evaluator],
    services: LaneServices,
    gas: GasPriceSource,
    holds: Holds,
) -> Decisions:
    """What the venues of one executor decide with."""
    policy, metrics = build_policy(scope, executor), services.status.metrics
    words = _revert_words(executor, evaluators)
    attempts = Attempts(liquidator.dispatcher, services.recorder, scope.chain.id, executor.settings.address, services.log, metrics, words)
    return Decisions(policy, gas, attempts, liquidator, Mailbox(liquidator.room), holds, metrics)


def _revert_words(executor: ExecutorScope, evaluators: Mapping[str, Evaluator]) -> Mapping[str, Callable[[bytes], str]]:
    return {name: evm.revert_reason(evaluators[name].venue) for name in executor.venues}


def _execution_setup(executor: ExecutorScope, adapters: Executor | None) -> ExecutionSetup | None:
    """What the liquidator works with; None where the venues are only observed."""
    if adapters is None:
        return None
    settings = executor.settings
    if settings.settle_every < 1:
        raise ConfigError(f"{executor.key('settle_every')} = {settings.settle_every}: name a number above 0.")
    deferred = adapters.dispatcher is not None and settings.settle is not Settle.ALWAYS
    settlements = Settlements(settings.settle_every if settings.settle is Settle.SAMPLED else 1) if deferred else None
    return ExecutionSetup(
        adapters.simulator, adapters.dispatcher, evm.encode, evm.encode_batch, adapters.operator, adapters.address, settlements
    )


def _nobodys(_: Hash32, __: AccountRef) -> CandidateId | None:
    return None


def open_recovery(
    scope: ChainScope,
    chain: FollowedChain,
    recorder: ChainRecorder,
    report: Report,
    followed_gap: int,
    candidate_of: Callable[[Hash32, AccountRef], CandidateId | None] = _nobodys,
) -> Recovery:
    """What brings the venues to where following begins. With `followed_gap` 0 everything final is taken in first. `candidate_of` knows our
    own transactions."""
    options = RecoveryOptions(
        chain_id=scope.chain.id,
        start_block=scope.chain.start_block,
        finality_depth=scope.chain.finality_depth,
        record_reads=scope.keeper.record_reads,
        followed_gap=followed_gap,
    )
    return Recovery(chain, chain, recorder, options, report, time.time, candidate_of)


def build_evaluators(
    scope: ChainScope,
    venues: Mapping[str, Venue],
    chain: Chain,
    newest_fee: NewestFee | None = None,
    quotes: QuoteBoard | None = None,
    uptime: SequencerUptime | None = None,
) -> Mapping[str, Evaluator]:
    """One evaluator per venue, asking the chain; `newest_fee` is told the prices of the L1 data fee, where the chain has one, `uptime`
    whether the sequencer is up, and signed prices are looked for among `quotes`."""
    newest_fee = newest_fee or newest_data_fee(scope)
    return {
        name: Evaluator(
            venue,
            ChainQuestions(chain, newest_fee, quotes, uptime),
            executor=scope.executor_of(name).settings.address,
            block_seconds=scope.chain.look_ahead_s,
            forecast=scope.chain.forecast,
        )
        for name, venue in venues.items()
    }


def newest_data_fee(scope: ChainScope) -> NewestFee | None:
    """Holds the prices of the chain's L1 data fee; None where it charges none."""
    return NewestFee(data_fee.optimism) if scope.chain.l1_fee is L1Fee.OPTIMISM else None


def build_policy(scope: ChainScope, executor: ExecutorScope) -> DecisionPolicy:
    """The operator's limits in the domain's units, for one of the chain's executors."""
    return DecisionPolicy(
        chain_id=scope.chain.id,
        executor=executor.settings.address,
        limits=replace(limits_of(scope), margin_floor=targets_of(executor.settings).floor),
        gas_coin_market=scope.chain.gas_coin_market,
        fees=fee_policy(scope.limits),
        encode=evm.encode,
    )


def targets_of(settings: ExecutorSettings) -> Targets:
    """What an executor is to hold, in the domain's units."""
    return Targets(
        margin=Usd18.of_units(settings.margin_target_usd),
        floor=Usd18.of_units(settings.margin_floor_usd),
        token=Usd18.of_units(settings.token_target_usd),
        step=Usd18.of_units(settings.sell_above_usd),
        sale=Usd18.of_units(settings.max_sale_usd),
        slippage_ppm=settings.max_slippage_ppm,
    )


def fee_policy(limits: LimitSettings) -> FeePolicy:
    """What is offered for a transaction. Raises ConfigError."""
    if not 0 <= limits.profit_share_to_tip <= 1:
        raise ConfigError(f"limits.profit_share_to_tip = {limits.profit_share_to_tip}: it is a part of the profit, from 0 to 1.")
    return FeePolicy(
        min_tip_wei=int(limits.priority_fee_gwei * _GWEI),
        max_fee_wei=int(limits.max_fee_gwei * _GWEI),
        profit_share_ppm=int(limits.profit_share_to_tip * _MILLION),
    )


def limits_of(scope: ChainScope) -> Limits:
    """The operator's limits on a chain in the domain's units."""
    limits = scope.limits
    return Limits(
        min_profit=Usd18.of_units(limits.min_profit_usd),
        min_notional=Usd18.of_units(limits.min_notional_usd),
        allow=frozenset(AccountKey(_account(text, "allow")) for text in limits.allow),
        deny=frozenset(AccountKey(_account(text, "deny")) for text in limits.deny),
        max_gas=scope.chain.max_transaction_gas,
    )


def _account(text: str, key: str) -> str:
    try:
        return parse.account(text)
    except ValueError as error:
        raise ConfigError(f"limits.{key}: {error}.") from None


def _repair_options(scope: ChainScope) -> RepairOptions:
    chain = scope.chain
    return RepairOptions(chain.id, chain.start_block, chain.finality_depth)
