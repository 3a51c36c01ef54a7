"""Act or leave it, and why. Pure: the same plan, costs and limits always give the same answer."""

import hashlib
from dataclasses import dataclass, replace
from typing import NewType, TypeAlias

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.chain import BlockRef, Timestamp
from keeper.domain.gas_price import GasPrice
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import LiquidationPlan
from keeper.domain.skip_reason import SkipReason
from keeper.domain.stages import NOT_BEGUN, Stages
from keeper.domain.sub_plan import MAX_TRANSACTION_GAS
from keeper.domain.use import NOTHING, Use

CandidateId = NewType("CandidateId", str)
"""Names one candidate for ever: derived from what triggered it, so a replay gives the same name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows. `allow` empty means everybody not denied. `margin_floor` of the margin is not for plans that spend it
    (purchases of collateral). `max_gas`: of one transaction."""

    min_profit: Usd18
    min_notional: Usd18 = ZERO_USD
    margin_floor: Usd18 = ZERO_USD
    allow: frozenset[AccountKey] = frozenset()
    deny: frozenset[AccountKey] = frozenset()
    max_gas: int = MAX_TRANSACTION_GAS


@dataclass(frozen=True, slots=True)
class Economics:
    """What a plan brings and costs. `cost` is gas plus the plan's own trading cost."""

    reward: Usd18
    cost: Usd18

    @property
    def profit(self) -> Usd18:
        """Reward less cost."""
        return self.reward - self.cost


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Go on with this plan, at this price of gas."""

    plan: LiquidationPlan
    economics: Economics
    gas_price: GasPrice


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave it, and why; `plan` is what would have been done."""

    reason: SkipReason
    detail: str = ""
    economics: Economics | None = None
    plan: LiquidationPlan | None = None


Choice: TypeAlias = Liquidate | Skip


def candidate_id(chain_id: int, venue: str, account: AccountKey, block: BlockRef, quoted_at: Timestamp | None = None) -> CandidateId:
    """The name of "this account, breached as of this block", or as of signed prices that came after it: 16 hex digits of SHA-256."""
    text = f"{chain_id}|{venue}|{account}|{block.hash}" + ("" if quoted_at is None else f"|{quoted_at}")
    return CandidateId(hashlib.sha256(text.encode()).hexdigest()[:16])


def decide(plan: LiquidationPlan, gas_price: GasPrice, gas_cost: Usd18, free_capital: Usd18, limits: Limits) -> Choice:
    """Liquidate when the plan's reward beats gas, trading cost and the wanted profit (none is asked of a plan without a guard) within the
    operator's limits.

    `gas_cost`: the plan's whole gas at the price to be offered; `free_capital`: the executor's margin not spoken for."""
    if plan.account in limits.deny or (limits.allow and plan.account not in limits.allow):
        return Skip(SkipReason.DENIED, plan=plan)
    economics = Economics(plan.expected_reward, plan.expected_cost + gas_cost)
    if plan.notional < limits.min_notional:
        return Skip(SkipReason.TOO_SMALL, economics=economics, plan=plan)
    if plan.guarded and economics.profit < limits.min_profit:
        return Skip(SkipReason.UNPROFITABLE, economics=economics, plan=plan)
    if plan.gas_limit > limits.max_gas:
        detail = f"{plan.gas_limit} of gas, a transaction may have {limits.max_gas}"
        return Skip(SkipReason.TOO_MUCH_GAS, detail, economics=economics, plan=plan)
    reserve = limits.margin_floor if plan.use.capital != ZERO_USD else ZERO_USD
    if plan.capital + reserve > free_capital:
        return Skip(SkipReason.NOT_ENOUGH_CAPITAL, economics=economics, plan=plan)
    return Liquidate(plan, economics, gas_price)


def surplus_wei(plan: LiquidationPlan, gas_price: GasPrice, charges: Usd18, limits: Limits) -> int:
    """What the plan brings above the wanted profit and `charges` (what is paid beside gas): so much may gas cost, wei, before less than
    that profit is left. Never negative, nor more than the operator allows for gas."""
    surplus = plan.expected_reward - plan.expected_cost - charges - limits.min_profit
    if surplus <= ZERO_USD:
        return 0
    in_reach = surplus < gas_price.highest_cost(plan.gas_limit)
    return gas_price.wei_of(surplus) if in_reach else plan.gas_limit * gas_price.max_fee_wei


_CROWDING = frozenset({SkipReason.NO_PROFITABLE_SIZE, SkipReason.UNPROFITABLE, SkipReason.TOO_SMALL})


def crowded(choice: Choice) -> Choice:
    """The choice about an account that would pay alone, planned after others: what stops it now is what they take of the market."""
    if isinstance(choice, Skip) and choice.reason in _CROWDING:
        return replace(choice, reason=SkipReason.MARKET_CAPACITY, detail=f"{choice.reason.value} after earlier plans")
    return choice


_NO_GUARD = Usd18(-(1 << 255))


def min_guard_change(plan: LiquidationPlan, wanted_profit: Usd18) -> Usd18:
    """What the executor's worth must grow by, so that `wanted_profit` is left. Without a guard: anything."""
    return plan.break_even + wanted_profit if plan.guarded else _NO_GUARD


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account found breached at a block, on its way through decision, simulation and sending."""

    id: CandidateId
    venue: str
    account: AccountKey
    block: BlockRef


@dataclass(frozen=True, slots=True)
class Decision:
    """What was chosen for one candidate, planned on what `used` leaves of the markets.

    `urgency` is the order it was planned in, see `urgency_of`; `unwind` marks what the executor does with what it took over (closing,
    selling, paying in): it lowers risk, so no profit is asked of it. `stages` are those passed so far. `worth_wei` is the most its gas may
    cost, whether it goes on or not; 0 without a plan."""

    candidate: Candidate
    choice: Choice
    urgency: tuple[int, Usd18]
    used: Use = NOTHING
    unwind: bool = False
    stages: Stages = NOT_BEGUN
    worth_wei: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether there is something to work on."""
        return isinstance(self.choice, Liquidate)

    @property
    def liquidate(self) -> Liquidate:
        """What to work on. Raises TypeError for a candidate that is left alone."""
        if isinstance(self.choice, Skip):
            raise TypeError(f"candidate {self.candidate.id} is left alone: {self.choice.reason.value}")
        return self.choice

    @property
    def plan(self) -> LiquidationPlan:
        """The plan of `liquidate`."""
        return self.liquidate.plan

    @property
    def gas_price(self) -> GasPrice:
        """The price of gas of `liquidate`."""
        return self.liquidate.gas_price

    @property
    def must_pay(self) -> bool:
        """Whether a profit is asked of it, and guarded: not where the executor closes what it holds, nor of a plan without a guard."""
        return self.plan.guarded and not self.unwind

    @property
    def use(self) -> Use:
        """What it takes from the plans after it."""
        return self.choice.plan.use if isinstance(self.choice, Liquidate) else NOTHING

    @property
    def key(self) -> AccountRef:
        """Venue and account."""
        return (self.candidate.venue, self.candidate.account)

    @property
    def markets(self) -> frozenset[tuple[str, str]]:
        """Venue and market of every pool the plan trades in."""
        return frozenset((self.candidate.venue, market) for market in self.use.base_x18)


LEAST_URGENT = (-1, ZERO_USD)
"""After every candidate, whatever it costs."""


def urgency_of(blocks_breached: int, profit: Usd18) -> tuple[int, Usd18]:
    """The overdue by their age, before the fresh by their profit; the greatest goes first. `blocks_breached` is 0 in the block a breach was
    first seen, `profit` what the candidate would bring alone."""
    return (blocks_breached if blocks_breached > 1 else 0, profit)
