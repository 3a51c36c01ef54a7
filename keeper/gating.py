"""Builds from the settings what can keep transactions back: a chain's gates, an executor's breakers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from keeper.domain.decision import Decision, Skip
from keeper.domain.quote import PriceId
from keeper.domain.skip_reason import SkipReason
from keeper.engine.base_fee_spike import BaseFeeSpike
from keeper.engine.breakers import Breakers
from keeper.engine.evaluator import Evaluator
from keeper.engine.false_positives import FalsePositives
from keeper.engine.gates import Gate, Gates
from keeper.engine.loss_limit import LossLimit
from keeper.engine.ports import Dispatcher
from keeper.engine.quote_board import QuoteBoard
from keeper.engine.recent_blocks import RecentBlocks
from keeper.engine.reorg_storm import ReorgStorm
from keeper.engine.sequencer_uptime import SequencerUptime
from keeper.engine.stale_quotes import StaleQuotes
from keeper.service.kill_switch import KillSwitch
from keeper.settings import ChainScope, ExecutorScope

_ETHER, _SECOND_US = 10**18, 10**6


def build_uptime(scope: ChainScope) -> SequencerUptime | None:
    """Of the chain's sequencer; None where no feed is set."""
    feed = scope.chain.sequencer_feed
    return SequencerUptime(feed, scope.gates.sequencer_grace_s) if feed is not None else None


def build_recent_blocks(scope: ChainScope) -> RecentBlocks:
    """As many as the gates look back."""
    return RecentBlocks(max(scope.gates.base_fee_blocks, scope.gates.reorg_window) + 1)


@dataclass(frozen=True, slots=True)
class GateSources:
    """What a chain's gates are judged by: its newest blocks, its sequencer, the signed prices its venues pull (`evaluators` by venue)."""

    recent: RecentBlocks
    uptime: SequencerUptime | None
    quotes: QuoteBoard
    evaluators: Mapping[str, Evaluator]
    clock: Callable[[], float]


def chain_gates(scope: ChainScope, sources: GateSources, report: Callable[[str, str | None], None]) -> Gates:
    """The operator's word first: whoever gave it wants to see it."""
    settings, recent, uptime = scope.gates, sources.recent, sources.uptime
    gates = [Gate(SkipReason.KILL_SWITCH, KillSwitch(scope.keeper.stop_file).problem)]
    if uptime is not None:
        gates.append(Gate(SkipReason.SEQUENCER_DOWN, lambda: uptime.problem(recent.time)))
    if settings.base_fee_spike:
        spike = BaseFeeSpike(recent, round(settings.base_fee_spike * 100), settings.base_fee_blocks)
        gates.append(Gate(SkipReason.BASE_FEE_SPIKE, spike.problem))
    if settings.reorged_blocks:
        storm = ReorgStorm(recent, settings.reorged_blocks, settings.reorg_window)
        gates.append(Gate(SkipReason.REORG_STORM, storm.problem))
    if settings.quote_age_s:
        stale = _stale_quotes(scope, sources)
        gates.append(Gate(SkipReason.QUOTES_STALE, stale.problem, stale.concerns))
    return Gates(gates, report)


def _stale_quotes(scope: ChainScope, sources: GateSources) -> StaleQuotes:
    evaluators = [sources.evaluators[name] for name, venue in scope.venues.items() if venue.oracle is not None]

    def price_ids() -> Sequence[PriceId]:
        return [price_id for each in evaluators for price_id in each.venue.quotes(each.book)]

    return StaleQuotes(sources.quotes, price_ids, sources.clock, scope.gates.quote_age_s)


def build_breakers(
    scope: ChainScope,
    executor: ExecutorScope,
    dispatcher: Dispatcher | None,
    report: Callable[[str, str | None], None],
    clock: Callable[[], float],
) -> Breakers:
    """Of one executor. None of them stops the closing of what the executor holds: that lowers its risk."""
    pardon = KillSwitch(scope.keeper.stop_file).engaged
    false_positives = FalsePositives(scope.gates.false_positives, scope.gates.cool_off_s * _SECOND_US, clock, pardon)
    loss_limit = LossLimit(int(scope.limits.loss_limit_usd * _ETHER), clock)
    gates = [
        Gate(SkipReason.FALSE_POSITIVES, false_positives.problem, _opens_risk),
        Gate(SkipReason.LOSS_LIMIT, loss_limit.problem, _opens_risk),
    ]
    if dispatcher is not None:
        # The dispatcher refuses what does not fit; the gate only tells of it.
        gates.append(Gate(SkipReason.SPENDING_CAP, dispatcher.spending_problem, _nothing))
    return Breakers(false_positives, loss_limit, Gates(gates, report, executor.name), clock)


def stop_of(*all_gates: Gates) -> Callable[[Decision], Skip | None]:
    """Why a decision may not be carried out, by any of these."""

    def stop(decision: Decision) -> Skip | None:
        for gates in all_gates:
            if (skip := gates.stop(decision)) is not None:
                return skip
        return None

    return stop


def _opens_risk(decision: Decision) -> bool:
    return not decision.unwind


def _nothing(_: Decision) -> bool:
    return False
