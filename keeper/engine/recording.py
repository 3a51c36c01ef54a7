"""From what happened to the rows of the lake. Pure functions; one per table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keeper.domain import event_json
from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Settled
from keeper.domain.chain import Address, BlockRef, Hash32, Usage
from keeper.domain.decision import Candidate, CandidateId, Choice, Liquidate, Skip
from keeper.domain.fixed import X18_DECIMALS, to_units
from keeper.domain.health import Health
from keeper.domain.outcome import Dropped, Included, Outbid, Outcome, Reverted, SimOutcome, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import (
    AttemptRecord,
    BlockRecord,
    DecisionRecord,
    EvaluationRecord,
    LiquidationRecord,
    MarketStateRecord,
    MicroTime,
    OutcomeRecord,
    PositionSnapshotRecord,
    RepairRecord,
    SimulationRecord,
    VenueEventRecord,
    raw,
)
from keeper.domain.use import NOTHING, Use
from keeper.domain.views import LiquidationObserved, MarketView, PositionView, Proceeds
from keeper.engine.evaluator import Applied, BlockEvaluation, MarginTest


@dataclass(frozen=True, slots=True)
class BlockKeys:
    """The keys every table shares."""

    chain_id: int
    venue: str
    block: BlockRef

    def columns(self) -> dict[str, Any]:
        """Columns chain_id, venue, block_number, block_hash, block_time."""
        return {"chain_id": self.chain_id, "venue": self.venue} | block_keys(self.block)


def block_keys(block: BlockRef) -> dict[str, Any]:
    """Columns block_number, block_hash, block_time."""
    return {"block_number": block.number, "block_hash": block.hash, "block_time": block.timestamp}


def block_row(
    chain_id: int,
    block: BlockRef,
    times: tuple[MicroTime, MicroTime],
    used: Usage,
    evaluations: Sequence[BlockEvaluation],
    *,
    recovered: bool,
) -> BlockRecord:
    """blocks: `times` are received and finished; `used` is what this block cost in RPC; `recovered` that it came while nobody followed."""
    return BlockRecord(
        chain_id=chain_id,
        parent_hash=block.parent_hash,
        received_at=times[0],
        finished_at=times[1],
        logs=sum(1 for evaluation in evaluations for item in evaluation.applied if item.log is not None),
        evaluated=sum(len({item.account for item in evaluation.evaluated}) for evaluation in evaluations),
        watched=sum(evaluation.watched for evaluation in evaluations),
        rpc_requests=used.following.requests,
        rpc_calls=used.following.calls,
        rpc_requests_head=used.head.requests,
        rpc_calls_head=used.head.calls,
        rpc_requests_send=used.send.requests,
        rpc_calls_send=used.send.calls,
        rpc_requests_fork=used.fork.requests,
        rpc_calls_fork=used.fork.calls,
        recovered=recovered,
        data_fee=next((evaluation.data_fee.to_json() for evaluation in evaluations if evaluation.data_fee is not None), None),
        market_tip_wei=next((evaluation.market_tip_wei for evaluation in evaluations if evaluation.market_tip_wei is not None), None),
        **block_keys(block),
    )


def recovered_block_row(chain_id: int, block: BlockRef, times: tuple[MicroTime, MicroTime], logs: int) -> BlockRecord:
    """blocks: one of the past, of which only the logs were taken in."""
    return BlockRecord(
        chain_id=chain_id,
        parent_hash=block.parent_hash,
        received_at=times[0],
        finished_at=times[1],
        logs=logs,
        evaluated=0,
        watched=0,
        rpc_requests=0,
        rpc_calls=0,
        recovered=True,
        **block_keys(block),
    )


def event_rows(keys: BlockKeys, applied: Sequence[Applied], first_position: int = 0) -> list[VenueEventRecord]:
    """venue_events: in the order of application, after `first_position` others of the block."""
    return [
        VenueEventRecord(
            position=position,
            source=item.source,
            event=type(item.event).__name__,
            account=item.event.account,
            transaction_hash=item.log.transaction_hash if item.log else None,
            log_index=item.log.log_index if item.log else None,
            payload=event_json.dump(item.event),
            **keys.columns(),
        )
        for position, item in enumerate(applied, first_position)
    ]


def market_rows(keys: BlockKeys, views: Sequence[MarketView]) -> list[MarketStateRecord]:
    """market_state."""
    return [
        MarketStateRecord(
            market=view.market,
            mark_price_raw=raw(view.mark_price_x18),
            mark_price=to_units(view.mark_price_x18),
            index_price=to_units(view.index_price_x18),
            spot_price=to_units(view.spot_price_x18),
            open_interest_long=to_units(view.open_interest_long_x18),
            open_interest_short=to_units(view.open_interest_short_x18),
            funding_growth_raw=raw(view.funding_growth_raw),
            premium_rate_per_day=view.premium_rate_per_day,
            underlying=view.underlying,
            price_decimals=X18_DECIMALS,
            **keys.columns(),
        )
        for view in views
    ]


def liquidation_rows(
    keys: BlockKeys,
    observed: Sequence[LiquidationObserved],
    executor: Address | None,
    candidates: Mapping[tuple[Hash32, AccountKey], CandidateId],
) -> list[LiquidationRecord]:
    """liquidations: `candidates` are those of our transactions, by hash and account."""
    return [
        LiquidationRecord(
            account=item.account,
            market=item.market,
            transaction_hash=item.log.transaction_hash,
            log_index=item.log.log_index,
            liquidator=item.liquidator,
            ours=item.liquidator == executor,
            candidate_id=candidates.get((item.log.transaction_hash, item.account)),
            kind=item.breach.value,
            side="long" if item.size_x18 > 0 else "short",
            size_raw=raw(item.size_x18),
            size=to_units(item.size_x18),
            price=abs(item.notional_x18 / item.size_x18) if item.size_x18 else 0.0,
            notional_raw=raw(item.notional_x18),
            notional_usd=to_units(item.notional_x18),
            penalty_usd=to_units(item.penalty_x18),
            reward_usd=to_units(item.reward_x18),
            bad_debt_usd=to_units(item.bad_debt_x18),
            penalty_raw=raw(item.penalty_x18),
            reward_raw=raw(item.reward_x18),
            bad_debt_raw=raw(item.bad_debt_x18),
            underlying=item.underlying,
            size_decimals=X18_DECIMALS,
            usd_decimals=X18_DECIMALS,
            **keys.columns(),
        )
        for item in observed
    ]


def evaluation_rows(keys: BlockKeys, evaluated: Sequence[MarginTest], candidates: Mapping[AccountKey, str]) -> list[EvaluationRecord]:
    """evaluations: those worth keeping, see `is_near`."""
    return [
        EvaluationRecord(
            account=item.account,
            basis_time=item.basis,
            candidate_id=candidates.get(item.account),
            equity_raw=raw(item.health.equity.raw),
            equity_usd=item.health.equity.units,
            requirement_raw=raw(item.health.requirement.raw),
            requirement_usd=item.health.requirement.units,
            breach=item.health.breach.value if item.health.breach else None,
            usd_decimals=item.health.equity.decimals,
            **keys.columns(),
        )
        for item in evaluated
        if is_near(item.health)
    ]


def is_near(health: Health) -> bool:
    """Breached, or less than a quarter of the requirement away from it."""
    return health.liquidatable or 4 * (health.equity - health.requirement).raw < health.requirement.raw


def decision_row(
    keys: BlockKeys,
    candidate: Candidate,
    stage: str,
    choice: Choice,
    at: MicroTime,
    used: Use = NOTHING,
    *,
    plan: LiquidationPlan | None = None,
) -> DecisionRecord:
    """decisions: `plan` stands in where the choice has none."""
    economics, plan = choice.economics, choice.plan or plan
    skip = choice if isinstance(choice, Skip) else None
    return DecisionRecord(
        account=candidate.account,
        candidate_id=candidate.id,
        stage=stage,
        action="liquidate" if isinstance(choice, Liquidate) else "skip",
        reason=skip.reason.value if skip else None,
        detail=skip.detail or None if skip else None,
        market=plan.market if plan else None,
        breach=plan.breach.value if plan and plan.breach else None,
        size_raw=raw(plan.size_x18) if plan else None,
        size_decimals=X18_DECIMALS if plan else None,
        used=use_json(used),
        notional_usd=plan.notional.units if plan else None,
        expected_reward_usd=economics.reward.units if economics else None,
        expected_cost_usd=economics.cost.units if economics else None,
        expected_profit_usd=economics.profit.units if economics else None,
        decided_at=at,
        **keys.columns(),
    )


def use_json(use: Use) -> str | None:
    """A use as the column `used` holds it."""
    return use.to_json() if use else None


def use_of_json(text: str | None) -> Use:
    """Back from the column `used`."""
    return NOTHING if text is None else Use.of_json(text)


def simulation_row(
    keys: BlockKeys, candidate: Candidate, method: str, outcome: SimOutcome, reason: str | None, profit_usd: float | None
) -> SimulationRecord:
    """simulations: `reason` is the venue's name for the revert."""
    settled = isinstance(outcome, SimSettled)
    return SimulationRecord(
        account=candidate.account,
        candidate_id=candidate.id,
        method=method,
        settled=settled,
        reason=reason,
        profit_usd=profit_usd,
        gas_used=outcome.gas_used,
        log_count=len(outcome.logs) if isinstance(outcome, SimSettled) else 0,
        duration_ms=outcome.duration_ms,
        **keys.columns(),
    )


def attempt_row(chain_id: int, attempt: Attempt) -> AttemptRecord:
    """attempts."""
    return AttemptRecord(
        account=attempt.account,
        candidate_id=attempt.candidate_id,
        transaction_hash=attempt.transaction_hash,
        sender=attempt.sender,
        nonce=attempt.nonce,
        max_fee_wei=attempt.fees.max_fee_wei,
        priority_fee_wei=attempt.fees.priority_fee_wei,
        gas_limit=attempt.gas_limit,
        replaces=attempt.replaces,
        sent_at=MicroTime(attempt.sent_at_us),
        seen_at=_micro_time(attempt.stages.seen_us),
        decided_at=_micro_time(attempt.stages.decided_us),
        checked_at=_micro_time(attempt.stages.checked_us),
        committed_at=_micro_time(attempt.stages.committed_us),
        accepted_at=_micro_time(attempt.stages.accepted_us),
        **BlockKeys(chain_id, attempt.venue, attempt.block).columns(),
    )


def _micro_time(microseconds: int | None) -> MicroTime | None:
    return None if microseconds is None else MicroTime(microseconds)


def outcome_row(
    chain_id: int, settled: Settled, head: BlockRef, reason: str | None, proceeds: Proceeds, gas_cost_usd: float
) -> OutcomeRecord:
    """outcomes: `head` stands in where no block decided."""
    attempt, outcome = settled.attempt, settled.outcome
    block = outcome.block or head
    return OutcomeRecord(
        account=attempt.account,
        candidate_id=attempt.candidate_id,
        transaction_hash=outcome.transaction_hash,
        nonce=attempt.nonce,
        outcome=_outcome_name(outcome),
        reason=reason,
        gas_used=outcome.gas_used,
        gas_cost_wei=outcome.gas_cost_wei,
        gas_cost_usd=gas_cost_usd,
        profit_raw=raw(proceeds.settlement.raw),
        profit_usd=proceeds.settlement.units,
        usd_decimals=proceeds.settlement.decimals,
        tokens_value_usd=proceeds.tokens_value.units,
        tokens=json.dumps([[token, str(amount)] for token, amount in proceeds.tokens]),
        blocks_since_seen=block.number - attempt.block.number if isinstance(outcome, Included) else None,
        **BlockKeys(chain_id, attempt.venue, block).columns(),
    )


def repair_row(
    keys: BlockKeys, cause: str, witness: str, divergence: str, was: Sequence[str], became: Sequence[str], at: MicroTime
) -> RepairRecord:
    """repairs: `was` and `became` are the events as the lake writes them, each with its name."""
    return RepairRecord(
        repaired_at=at,
        cause=cause,
        witness=witness,
        divergence=divergence,
        was=json.dumps(was),
        became=json.dumps(became),
        **keys.columns(),
    )


def position_rows(keys: BlockKeys, views: Sequence[PositionView], health: Mapping[AccountKey, Health]) -> list[PositionSnapshotRecord]:
    """position_snapshots."""
    return [
        PositionSnapshotRecord(
            account=view.account,
            market=view.market,
            size_raw=raw(view.size_x18),
            size=to_units(view.size_x18),
            open_notional_raw=raw(view.open_notional_x18),
            open_notional_usd=to_units(view.open_notional_x18),
            mark_price=to_units(view.mark_price_x18),
            liquidation_price=None if view.liquidation_price_x18 is None else to_units(view.liquidation_price_x18),
            equity_usd=health[view.account].equity.units,
            requirement_usd=health[view.account].requirement.units,
            has_orders=view.has_orders,
            underlying=view.underlying,
            size_decimals=X18_DECIMALS,
            usd_decimals=X18_DECIMALS,
            **keys.columns(),
        )
        for view in views
    ]


def timestamp_us(seconds: float) -> MicroTime:
    """A clock reading in seconds as the lake keeps it."""
    return MicroTime(int(seconds * 1_000_000))


def _outcome_name(outcome: Outcome) -> str:
    match outcome:
        case Included():
            return "included"
        case Outbid():
            return "outbid"
        case Dropped():
            return "dropped"
        case Reverted():
            return "reverted"
