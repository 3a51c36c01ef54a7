"""EIP-1559 fees in wei (EIP-1559, `calc_base_fee`; replacement rule of go-ethereum's txpool)."""

from dataclasses import dataclass

from keeper.domain.fixed import X18
from keeper.domain.money import Usd18

_BASE_FEE_CHANGE_DENOMINATOR = 8
_MIN_REPLACEMENT_PERCENT = 110
_MARKET_PART = 10


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers, wei per unit of gas."""

    max_fee_wei: int
    priority_fee_wei: int


def offer(base_fee_wei: int, priority_fee_wei: int, cap_wei: int) -> Fees | None:
    """Fees that stay valid through two full blocks of rising base fee; None when even the present base fee is above the cap."""
    if base_fee_wei + priority_fee_wei > cap_wei:
        return None
    growth = _BASE_FEE_CHANGE_DENOMINATOR + 1
    two_blocks_on = base_fee_wei * growth * growth // _BASE_FEE_CHANGE_DENOMINATOR**2 + 1
    return Fees(max_fee_wei=min(two_blocks_on + priority_fee_wei, cap_wei), priority_fee_wei=priority_fee_wei)


def bump(fees: Fees, base_fee_wei: int, cap_wei: int, percent: int) -> Fees | None:
    """Fees that may replace `fees` at the same nonce; None when the cap forbids it. `percent` is 125 for a quarter more.

    Both figures grow by at least a wei: a pool refuses a replacement that leaves one of them as it is, be it zero."""
    factor = max(percent, _MIN_REPLACEMENT_PERCENT)
    priority = max(-(-fees.priority_fee_wei * factor // 100), fees.priority_fee_wei + 1)
    max_fee = max(-(-fees.max_fee_wei * factor // 100), fees.max_fee_wei + 1, base_fee_wei + priority)
    return None if max_fee > cap_wei else Fees(max_fee_wei=max_fee, priority_fee_wei=priority)


def with_room(fees: Fees, base_fee_wei: int, cap_wei: int) -> Fees:
    """The same with as much room for a rising base fee as `offer` leaves, where the cap allows it."""
    roomy = offer(base_fee_wei, fees.priority_fee_wei, cap_wei)
    return fees if roomy is None else Fees(max(fees.max_fee_wei, roomy.max_fee_wei), fees.priority_fee_wei)


def market_bid(market_tip_wei: int, affordable_wei: int) -> int:
    """The tip that others pay, as far as a tenth of the affordable one goes.

    A guard asks back what is offered. With all of a job's worth in the tip the smallest move of a price makes it refuse, and the tip of a
    refused plan is lost: the rest is room for prices that move before the plan is mined."""
    return min(market_tip_wei, max(affordable_wei, 0) // _MARKET_PART)


def toward_market(fees: Fees, base_fee_wei: int, market_tip_wei: int, cap_wei: int) -> Fees:
    """The same or more: the tip that others pay as in `market_bid`, and room for a rising base fee as `with_room`."""
    tip = max(fees.priority_fee_wei, market_bid(market_tip_wei, cap_wei - base_fee_wei))
    return with_room(Fees(max(fees.max_fee_wei, base_fee_wei + tip), tip), base_fee_wei, cap_wei)


def pays(fees: Fees, base_fee_wei: int) -> bool:
    """True when a transaction with these fees pays its whole tip at the base fee."""
    return fees.max_fee_wei >= base_fee_wei + fees.priority_fee_wei


def gas_cost(gas: int, price_wei: int, native_price_x18: int) -> Usd18:
    """The cost of gas, rounded up; `native_price_x18` is USD per coin with 18 decimals."""
    return Usd18(-(-gas * price_wei * native_price_x18 // X18))
