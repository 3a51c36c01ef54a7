"""Liquidations as a block's logs tell them, whoever made them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, RawLog
from keeper.domain.fixed import RATIO
from keeper.domain.health import Breach
from keeper.domain.venue import Event
from keeper.domain.views import LiquidationObserved
from keeper.venues.perp_v2.collateral_plan import collateral_x18
from keeper.venues.perp_v2.log_events import BadDebtSettled, CollateralLiquidated, PositionChanged, PositionLiquidated
from keeper.venues.perp_v2.state import PerpBook, parameters


@dataclass(frozen=True, slots=True)
class _Liquidation:
    """A liquidation before its bad debt is known."""

    event: PositionLiquidated | CollateralLiquidated
    log: RawLog
    size: int = 0
    reward: int = 0


def observed(events: Sequence[tuple[RawLog, Event]], book: PerpBook) -> list[LiquidationObserved]:
    """The liquidations among the events, in log order. Bad debt is settled in the same transaction and falls on the trader's last one."""
    liquidations = list(_liquidations(events))
    bad_debt = _bad_debt(events, liquidations)
    return [_observation(liquidation, bad_debt.get(index, 0), book) for index, liquidation in enumerate(liquidations)]


def _liquidations(events: Sequence[tuple[RawLog, Event]]) -> Iterator[_Liquidation]:
    """`liquidate` emits PositionChanged of the trader, PositionChanged of the liquidator, PositionLiquidated, in this order; the
    liquidator's notional is better than the trader's by exactly his share of the penalty."""
    changes: list[PositionChanged] = []
    for log, event in events:
        match event:
            case PositionChanged():
                changes.append(event)
            case PositionLiquidated():
                trader, liquidator = changes[-2], changes[-1]
                reward = trader.exchanged_position_notional + liquidator.exchanged_position_notional
                yield _Liquidation(event, log, -trader.exchanged_position_size, reward)
            case CollateralLiquidated():
                yield _Liquidation(event, log)


def _bad_debt(events: Sequence[tuple[RawLog, Event]], liquidations: Sequence[_Liquidation]) -> dict[int, int]:
    """Index of the liquidation that caused it -> bad debt in settlement units."""
    settled: dict[int, int] = {}
    for log, event in events:
        if isinstance(event, BadDebtSettled):
            causes = [
                index
                for index, liquidation in enumerate(liquidations)
                if liquidation.event.trader == event.trader
                and liquidation.log.transaction_hash == log.transaction_hash
                and liquidation.log.log_index < log.log_index
            ]
            if causes:
                settled[causes[-1]] = settled.get(causes[-1], 0) + event.amount
    return settled


def _observation(liquidation: _Liquidation, bad_debt_raw: int, book: PerpBook) -> LiquidationObserved:
    bad_debt = bad_debt_raw * parameters(book).settlement_unit
    if isinstance(liquidation.event, PositionLiquidated):
        name = book.markets[liquidation.event.base_token].name or liquidation.event.base_token
        return LiquidationObserved(
            account=AccountKey(liquidation.event.trader),
            liquidator=Address(liquidation.event.liquidator),
            market=name,
            underlying=name,
            breach=Breach.POSITIONS,
            size_x18=liquidation.size,
            notional_x18=liquidation.event.position_notional,
            penalty_x18=liquidation.event.liquidation_fee,
            reward_x18=liquidation.reward,
            bad_debt_x18=bad_debt,
            log=liquidation.log,
        )
    return _collateral(liquidation.event, liquidation.log, bad_debt, book)


def _collateral(event: CollateralLiquidated, log: RawLog, bad_debt: int, book: PerpBook) -> LiquidationObserved:
    """The trader loses the discount and the insurance fund's fee; the liquidator gains the discount. Valued at the Vault's own TWAP."""
    params = parameters(book)
    collateral = params.collaterals[event.collateral_token]
    fee = event.insurance_fund_fee * params.settlement_unit
    paid = event.repaid_settlement * params.settlement_unit + fee
    discount = paid * event.discount_ratio // (RATIO - event.discount_ratio)
    name = collateral.name or event.collateral_token
    return LiquidationObserved(
        account=AccountKey(event.trader),
        liquidator=Address(event.liquidator),
        market=name,
        underlying=name,
        breach=Breach.COLLATERAL,
        size_x18=collateral_x18(event.collateral, collateral),
        notional_x18=paid,
        penalty_x18=discount + fee,
        reward_x18=discount,
        bad_debt_x18=bad_debt,
        log=log,
    )
