"""Liquidations as a block's logs tell them, whoever made them. A call pays once: its reward is shared out by what it took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from keeper.domain.chain import Address, RawLog
from keeper.domain.health import Breach
from keeper.domain.venue import Event
from keeper.domain.views import LiquidationObserved
from keeper.venues.synthetix_v3.account_event import account_key
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.liquidation import WHOLE_ACCOUNT
from keeper.venues.synthetix_v3.log_events import (
    AccountFlaggedForLiquidation,
    AccountLiquidationAttempt,
    AccountMarginLiquidation,
    MarketUpdated,
    PositionLiquidated,
    UsdMinted,
)
from keeper.venues.synthetix_v3.state import SynthetixBook

_UNKNOWN = Address("0x" + "00" * 20)
"""The liquidator where no snxUSD was issued to anybody: it is in no event."""


@dataclass(slots=True)
class _Call:
    """One liquidation call as far as its logs were read."""

    transaction_hash: str
    updates: list[MarketUpdated] = field(default_factory=list)
    mints: list[UsdMinted] = field(default_factory=list)
    flag: AccountFlaggedForLiquidation | None = None
    parts: list[tuple[RawLog, PositionLiquidated, MarketUpdated]] = field(default_factory=list)

    def receiver_of(self, reward: int) -> Address:
        """Who got the reward: it is issued just before the attempt is told."""
        return next((Address(one.receiver) for one in reversed(self.mints) if one.amount == reward and reward), _UNKNOWN)


def observed(events: Sequence[tuple[RawLog, Event]], book: SynthetixBook) -> Iterator[LiquidationObserved]:
    """The liquidations among the events, in log order. A call that only flagged is told of the whole account, as one of margin only is;
    the debt that the latter wrote off is in no event, so its bad debt is 0."""
    call = _Call("")
    for log, event in events:
        if log.transaction_hash != call.transaction_hash:
            call = _Call(log.transaction_hash)
        match event:
            case MarketUpdated():
                call.updates.append(event)
            case UsdMinted():
                call.mints.append(event)
            case AccountFlaggedForLiquidation():
                call.flag = event
            case PositionLiquidated():
                call.parts.append((log, event, call.updates[-1]))
            case AccountLiquidationAttempt():
                yield from _observations(log, event, call, book)
                call.flag, call.parts = None, []
            case AccountMarginLiquidation():
                yield _margin_observation(log, event, call)


def _observations(log: RawLog, attempt: AccountLiquidationAttempt, call: _Call, book: SynthetixBook) -> Iterator[LiquidationObserved]:
    """One per position. The account loses all its margin when it is flagged: that is told with the first of them."""
    flag, parts = call.flag, call.parts
    margin = flag.available_margin if flag else 0
    notionals = [mul_decimal(event.amount_liquidated, update.price) for _, event, update in parts]
    rewards = _shares(attempt.reward, notionals)
    for index, ((place, event, update), notional, reward) in enumerate(zip(parts, notionals, rewards, strict=True)):
        market = book.markets[str(event.market_id)]
        yield LiquidationObserved(
            account=account_key(event.account_id),
            liquidator=call.receiver_of(attempt.reward),
            market=market.symbol or str(event.market_id),
            underlying=market.symbol or str(event.market_id),
            breach=Breach.POSITIONS,
            size_x18=-update.size_delta,
            notional_x18=notional,
            penalty_x18=max(0, margin) if index == 0 else 0,
            reward_x18=reward,
            bad_debt_x18=max(0, -margin) if index == 0 else 0,
            log=place,
        )
    if flag and not parts:
        receiver = call.receiver_of(attempt.reward)
        yield _whole(log, attempt.account_id, receiver, Breach.POSITIONS, max(0, margin), attempt.reward, max(0, -margin))


def _margin_observation(log: RawLog, event: AccountMarginLiquidation, call: _Call) -> LiquidationObserved:
    receiver = call.receiver_of(event.liquidation_reward)
    return _whole(log, event.account_id, receiver, Breach.MARGIN_ONLY, event.seized_margin_value, event.liquidation_reward, 0)


def _whole(
    log: RawLog, account_id: int, liquidator: Address, breach: Breach, margin: int, reward: int, bad_debt: int
) -> LiquidationObserved:
    """A call that took the account's margin and no position."""
    return LiquidationObserved(
        account=account_key(account_id),
        liquidator=liquidator,
        market=WHOLE_ACCOUNT,
        underlying=WHOLE_ACCOUNT,
        breach=breach,
        size_x18=0,
        notional_x18=margin,
        penalty_x18=margin,
        reward_x18=reward,
        bad_debt_x18=bad_debt,
        log=log,
    )


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """The total in parts by weight; the last takes what rounding leaves."""
    shares = [total * weight // (sum(weights) or 1) for weight in weights]
    return [*shares[:-1], total - sum(shares[:-1])] if shares else []
