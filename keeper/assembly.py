"""Builds everything from the settings: the one place where chain family, venues and engine are put together."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from keeper import evm
from keeper.domain import data_fee, parse
from keeper.domain.chain import Hash32
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
from keeper.engine.ports import Chain, Dispatcher, Family, FollowedChain, OperatorWatch
from keeper.engine.questions import ChainQuestions, NewestFee
from keeper.engine.recovery import Recovery, RecoveryOptions, Report
from keeper.engine.repair import Repair, RepairOptions
from keeper.engine.settlements import Settlements
from keeper.engine.tripwire import Tripwire
from keeper.engine.venue_lane import LaneServices, VenueLane
from keeper.engine.venue_rows import RowOptions
from keeper.errors import ConfigError
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness
from keeper.settings import ChainScope, L1Fee, LakeSettings, LimitSettings, Settle
from keeper.venues import protocols

_GWEI = 10**9
_ETHER = 10**18
_SILENCE_BLOCKS = 60
"""Blocks' worth of time without a finished block after which the daemon counts as dead."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the daemon runs, built and connected."""

    family: Family
    recorder: ChainRecorder
    evaluators: Mapping[str, Evaluator]
    liquidator: Liquidator
    attempts: Attempts
    mailbox: Mailbox
    settlements: Settlements | None
    lane: ChainLane
    status: ChainStatus
    operator_watch: OperatorWatch | None
    repair: Repair
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


def open_chain(scope: ChainScope, venues: Mapping[str, Venue], logger: FilteringBoundLogger) -> AbstractAsyncContextManager[FollowedChain]:
    """The chain alone, with the logs of these venues selected. Raises ConfigError for a wrong chain id, RpcUnavailable."""
    return evm.open_chain(scope, venues, logger)


@asynccontextmanager
async def open_parts(
    scope: ChainScope, venues: Mapping[str, Venue], recorder: ChainRecorder, status: ChainStatus, logger: FilteringBoundLogger
) -> AsyncIterator[Parts]:
    """The chain's family, opened as the mode says, and the parts on top of it. Waits for the first endpoint that answers; reports to
    `status`. Raises ConfigError."""
    newest_fee = newest_data_fee(scope)
    data_fee_wei = newest_fee.of_calldata if newest_fee is not None else None
    async with evm.open_family(scope, venues, data_fee_wei, status, logger) as family:
        yield assemble(scope, venues, family, newest_fee, recorder, status, logger)


def assemble(
    scope: ChainScope,
    venues: Mapping[str, Venue],
    family: Family,
    newest_fee: NewestFee | None,
    recorder: ChainRecorder,
    status: ChainStatus,
    logger: FilteringBoundLogger,
) -> Parts:
    """The daemon's parts, connected: an open family, a recorder, the settings' venues and limits. The evaluators keep `newest_fee` up to
    date."""
    chain, dispatcher = family.chain, family.dispatcher
    evaluators = build_evaluators(scope, venues, chain, newest_fee)
    policy = build_policy(scope)
    setup = _execution_setup(scope, family, newest_fee)
    mailbox = Mailbox()
    name_revert = {name: evm.revert_reason(venue) for name, venue in venues.items()}
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
    # The book of a venue that has stopped says nothing any more, so only the lane's venues are watched.
    operator_watch = family.operator_watch(lambda: lane.evaluators, lambda: repair.at_work)
    settlements = setup.settlements if setup is not None else None
    return Parts(family, recorder, evaluators, liquidator, attempts, mailbox, settlements, lane, status, operator_watch, repair, logger)


def _execution_setup(scope: ChainScope, family: Family, newest_fee: NewestFee | None) -> ExecutionSetup | None:
    """What the liquidator works with; None where the family only observes."""
    execution = scope.execution
    if family.simulator is None or execution.operator is None or execution.address is None:
        return None
    deferred = family.dispatcher is not None and execution.settle is Settle.UNLESS_GUARDED
    settlements = Settlements() if deferred else None
    return ExecutionSetup(family.simulator, family.dispatcher, evm.encode, execution.operator, execution.address, newest_fee, settlements)


def open_recovery(
    scope: ChainScope,
    chain: FollowedChain,
    recorder: ChainRecorder,
    report: Report,
    dispatcher: Dispatcher | None,
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
    scope: ChainScope, venues: Mapping[str, Venue], chain: Chain, newest_fee: NewestFee | None = None
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
        encode=evm.encode,
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
