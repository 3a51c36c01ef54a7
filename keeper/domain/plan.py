"""What is to be done about an account in breach: the calls of one transaction, or why there are none."""

from dataclasses import dataclass
from enum import StrEnum

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, Timestamp
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.quote import PriceId
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use

_ALWAYS = Timestamp(0)


class CallPurpose(StrEnum):
    """What one call of a plan is for."""

    UPDATE_PRICES = "update_prices"
    CANCEL_ORDERS = "cancel_orders"
    LIQUIDATE = "liquidate"
    CLOSE = "close"
    LIQUIDATE_COLLATERAL = "liquidate_collateral"


@dataclass(frozen=True, slots=True)
class LiquidationCall:
    """One call of a plan, made by the keeper's executor contract, which pays `value_wei` of its own coin with it (the fee of a price
    update). With `may_fail` the rest goes on when it reverts. `not_before` is the time of the earliest block in which the plan can succeed
    with it: a signed price cannot be used before it was published."""

    target: Address
    calldata: bytes
    purpose: CallPurpose
    may_fail: bool = False
    value_wei: int = 0
    not_before: Timestamp = _ALWAYS


@dataclass(frozen=True, slots=True)
class LiquidationPlan:
    """Everything that is done for one account in one transaction, and what it should bring.

    The executor contract values itself before and after the calls and reverts when it grew by less than `break_even` plus the
    wanted profit. `size_x18` is base units, signed, + for a long victim; `capital` is the margin the executor must have free; `use` is what
    is no longer there for the plans that come after it.

    `quotes` are the signed prices it relies on, which the same transaction must put on the chain first.
    A plan without a guard (`guarded` false) is not held to any change of the executor's worth, for what it brings is not worth that the
    executor can see; it is always settled before it is sent."""

    account: AccountKey
    market: str
    breach: Breach
    size_x18: int
    notional: Usd18
    expected_reward: Usd18
    expected_cost: Usd18
    capital: Usd18
    gas_limit: int
    calls: tuple[LiquidationCall, ...]
    break_even: Usd18 = ZERO_USD
    use: Use = NOTHING
    guarded: bool = True
    quotes: tuple[PriceId, ...] = ()

    @property
    def value_wei(self) -> int:
        """What the executor pays with all calls, in the chain's coin: its guard does not see it, so it is a cost."""
        return sum(call.value_wei for call in self.calls)


@dataclass(frozen=True, slots=True)
class Until:
    """When a wait is over: at a block time, at a block's number, or as soon as an event touches the account, whichever comes first."""

    time: Timestamp | None = None
    block_number: int | None = None

    def is_over(self, time: Timestamp, block_number: int) -> bool:
        """Whether it is, at the time of the plan and in the newest block."""
        by_time = self.time is not None and time >= self.time
        return by_time or (self.block_number is not None and block_number >= self.block_number)


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Nothing can be done for the account now, and why. With `until` there is no use in asking again before that."""

    reason: SkipReason
    detail: str = ""
    until: Until | None = None
