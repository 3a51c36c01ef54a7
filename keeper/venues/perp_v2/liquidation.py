"""The plan for a breached account: cancel its orders, take over the market and size with the best expected net reward, close again."""

from collections.abc import Iterator
from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.calldata import UINT256_MAX, Encoder
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18, div_up, mul_div, mul_ratio
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan, NoPlan
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import Use
from keeper.venues.perp_v2 import collateral_plan, orders
from keeper.venues.perp_v2.closing import Pool, most_profitable_sqrt_price
from keeper.venues.perp_v2.inventory import Inventory
from keeper.venues.perp_v2.margin import Margin, health_of, margin_of
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.rules import CANCEL, CLOSE, LIQUIDATE
from keeper.venues.perp_v2.state import Account, ChainReads, Config, Parameters, PerpBook, Status, parameters, reads_at

GAS_LIQUIDATE = 3_000_000
"""liquidate takes 1.2 to 2.0 M, at most 2.8 M was seen; proxies add 0.2 M."""
GAS_CANCEL = 2_000_000
GAS_CLOSE = 1_500_000
GAS_VALUATION = 500_000
"""Per market the executor holds: it values itself before and after a plan, at 215,000 gas a market and 65,000 besides."""
_SMALL_POSITION_X18 = 100 * X18
"""AccountBalance._MIN_PARTIAL_LIQUIDATE_POSITION_VALUE: such a position goes at once."""
_UNWIND_ROOM_RATIO = 5_000
"""Half a percent of what is closed, for what the index moves until the block; the executor's loss budget bounds the sum."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """One market's best size: + for a long victim. `is_whole` means as much as the contract allows; `closed` is what the close trades, with
    what the executor held before."""

    base_token: str
    size: int
    closed: int
    is_whole: bool
    notional: int
    reward: int
    cost: int
    sqrt_limit_x96: int

    @property
    def net(self) -> int:
        return self.reward - self.cost


def plan(
    options: Options, encoder: Encoder, key: AccountKey, book: PerpBook, now: Timestamp, inventory: Inventory
) -> LiquidationPlan | NoPlan:
    """What to do about the account at `now`, as one transaction of the executor; or why nothing can be done."""
    if key == AccountKey(inventory.executor):
        return NoPlan(SkipReason.DENIED, "the keeper's own account")
    account, params = book.accounts[key], parameters(book)
    health, margin = health_of(key, book, now), margin_of(account, book, now)
    if margin is None:
        return NoPlan(SkipReason.PRICE_UNAVAILABLE)
    if health.breach is None:
        return NoPlan(SkipReason.NO_POSITION, "healthy")
    if health.breach is Breach.COLLATERAL:
        return collateral_plan.plan(options, encoder, key, margin, book, now)
    if params.config.clearing_house_paused:
        return NoPlan(SkipReason.MARKET_NOT_OPEN, "ClearingHouse is paused")
    return _positions_plan(options, encoder, key, margin, book, now, inventory)


def _merit(choice: _Choice) -> tuple[int, str]:
    return choice.net, choice.base_token


def _is_covered(choice: _Choice, equity: int, configured: Parameters, reads: ChainReads) -> bool:
    """Whether the insurance fund can pay the debt that is left (ClearingHouse.liquidate: CH_IIC). The penalty makes it larger, so a
    position too large for the fund may stand beside one that is not."""
    shortfall = mul_ratio(choice.notional, configured.config.liquidation_penalty_ratio) - equity
    return shortfall <= 0 or reads.insurance_fund_raw is None or reads.insurance_fund_raw * configured.settlement_unit >= shortfall


def _positions_plan(
    options: Options, encoder: Encoder, key: AccountKey, margin: Margin, book: PerpBook, now: Timestamp, inventory: Inventory
) -> LiquidationPlan | NoPlan:
    account, params, reads = book.accounts[key], parameters(book), reads_at(book, now)
    open_markets = [name for name in account.positions if book.markets[name].status == Status.OPEN]
    if not open_markets:
        return NoPlan(SkipReason.MARKET_NOT_OPEN)
    equity = margin.account_value // params.settlement_unit * params.settlement_unit
    choices = [_choice(name, account, equity, margin, book, now, inventory) for name in open_markets]
    plans = [choice for choice in choices if choice is not None]
    if not plans:
        return NoPlan(SkipReason.NO_POSITION)
    best = max(plans, key=_merit)
    if best.size == 0:
        return NoPlan(SkipReason.NO_PROFITABLE_SIZE, _why_not(best.base_token, reads))
    covered = [choice for choice in plans if choice.size and _is_covered(choice, equity, params, reads)]
    if not covered:
        return NoPlan(SkipReason.INSURANCE_FUND_EMPTY, f"covers {reads.insurance_fund_raw} raw")
    best = max(covered, key=_merit)
    cancels = [name for name in open_markets if account.positions[name].orders]
    return LiquidationPlan(
        account=key,
        market=book.markets[best.base_token].name or best.base_token,
        breach=Breach.POSITIONS,
        size_x18=best.size,
        notional=Usd18(best.notional),
        expected_reward=Usd18(best.reward),
        expected_cost=Usd18(best.cost),
        capital=Usd18(div_up(best.notional * params.config.im_ratio, 10**6)),
        gas_limit=GAS_LIQUIDATE + GAS_CLOSE + GAS_CANCEL * len(cancels) + GAS_VALUATION * len(inventory.positions(book)),
        calls=tuple(_calls(options, encoder, key, best, cancels)),
        use=Use({best.base_token: best.closed}),
    )


def _choice(
    base_token: str, account: Account, equity: int, margin: Margin, book: PerpBook, now: Timestamp, inventory: Inventory
) -> _Choice | None:
    """The size of this market with the best reward net of closing; size 0 when every size loses, None without a position."""
    reads, config, market = reads_at(book, now).markets[base_token], parameters(book).config, book.markets[base_token]
    size = orders.total_size(account.positions[base_token], reads.sqrt_price_x96)
    if size == 0:
        return None
    is_long = size > 0
    cap = abs(liquidatable_size(size, reads.price_x18, equity, margin, config))
    share = config.liquidation_penalty_ratio if equity < 0 else config.liquidation_penalty_ratio // 2
    pool = Pool.of(market, reads, now).after(inventory.used.base(base_token))
    target = most_profitable_sqrt_price(reads.price_x18, share, pool.fee_ratio, is_long)
    inventory_size = inventory.held(base_token, book)
    chosen = min(cap, max(0, pool.size_until(target, is_long) - max(0, inventory_size if is_long else -inventory_size)))
    if chosen == 0:
        return _Choice(base_token, 0, 0, False, 0, 0, 0, pool.limit(is_long))
    notional = mul_div(chosen, reads.price_x18, X18)
    quote = pool.quote_for(chosen, is_long)
    return _Choice(
        base_token=base_token,
        size=chosen if is_long else -chosen,
        closed=inventory_size + (chosen if is_long else -chosen),
        is_whole=chosen == cap,
        notional=notional,
        reward=keeper_share(mul_ratio(notional, config.liquidation_penalty_ratio), equity),
        cost=notional - quote if is_long else quote - notional,
        sqrt_limit_x96=pool.limit(is_long),
    )


def liquidatable_size(size: int, price_x18: int, equity: int, margin: Margin, config: Config) -> int:
    """AccountBalance.getLiquidatablePositionSize for an account below its requirement: the most one call may take, signed."""
    value = abs(mul_div(size, price_x18, X18))
    requirement = mul_ratio(margin.abs_position_value, config.mm_ratio)
    if value <= _SMALL_POSITION_X18 or equity < requirement // 2:
        return size
    return mul_ratio(size, min(margin.abs_position_value * 10**6 // (value * 2), 10**6))


def keeper_share(penalty: int, equity: int) -> int:
    """ClearingHouse._liquidate: half of the penalty, all of it once the account is below zero."""
    return penalty if equity < 0 else penalty // 2


def _calls(options: Options, encoder: Encoder, key: AccountKey, best: _Choice, cancels: list[str]) -> Iterator[LiquidationCall]:
    house = options.clearing_house
    for base_token in cancels:
        data = encoder.data(CANCEL, key, base_token)
        yield LiquidationCall(house, data, CallPurpose.CANCEL_ORDERS)
    size = 0 if best.is_whole else best.size
    data = encoder.data(LIQUIDATE, key, best.base_token, size)
    yield LiquidationCall(house, data, CallPurpose.LIQUIDATE)
    yield close_call(options, encoder, best.base_token, best.sqrt_limit_x96)


def close_call(options: Options, encoder: Encoder, base_token: str, sqrt_limit_x96: int) -> LiquidationCall:
    """closePosition that stops at the limit instead of reverting; what it leaves is carried."""
    data = encoder.data(CLOSE, base_token, sqrt_limit_x96, 0, UINT256_MAX, 0)
    return LiquidationCall(options.clearing_house, data, CallPurpose.CLOSE, may_fail=True)


def _why_not(base_token: str, reads: ChainReads) -> str:
    market = reads.markets[base_token]
    return f"spot {market.spot_x18 / X18:.6g} against a mark of {market.price_x18 / X18:.6g}: closing costs more than the reward"


def unwind(options: Options, encoder: Encoder, inventory: Inventory, book: PerpBook, now: Timestamp) -> LiquidationPlan | None:
    """Closing the executor's largest open position as far as the limits allow, but none that an earlier plan closes anyway. It may
    cost half again what is estimated, and the room."""
    params, reads = parameters(book), reads_at(book, now)
    sizes = {
        name: size
        for name, size in inventory.positions(book).items()
        if abs(size) >= orders.DUST and name in reads.markets and book.markets[name].status == Status.OPEN
    }
    if not sizes or params.config.clearing_house_paused:
        return None
    base_token = max(sizes, key=lambda name: (abs(sizes[name]) * reads.markets[name].price_x18, name))
    return _unwinding(options, encoder, inventory, base_token, book, now)


def _unwinding(
    options: Options,
    encoder: Encoder,
    inventory: Inventory,
    base_token: str,
    book: PerpBook,
    now: Timestamp,
) -> LiquidationPlan | None:
    size, reads = inventory.held(base_token, book), reads_at(book, now).markets[base_token]
    is_long = size > 0
    pool = Pool.of(book.markets[base_token], reads, now)
    closable = min(abs(size), pool.size_until(pool.limit(is_long), is_long))
    if closable == 0:
        return None
    notional, quote = mul_div(closable, reads.price_x18, X18), pool.quote_for(closable, is_long)
    cost = notional - quote if is_long else quote - notional
    # The executor values its position at the index, so that is what closing costs it on the chain.
    at_index = mul_div(closable, reads.index_x18, X18) - quote
    return LiquidationPlan(
        account=AccountKey(inventory.executor),
        market=book.markets[base_token].name or base_token,
        breach=Breach.POSITIONS,
        size_x18=closable if is_long else -closable,
        notional=Usd18(notional),
        expected_reward=ZERO_USD,
        expected_cost=Usd18(cost),
        capital=ZERO_USD,
        gas_limit=GAS_CLOSE + GAS_VALUATION * len(inventory.positions(book)),
        calls=(close_call(options, encoder, base_token, pool.limit(is_long)),),
        break_even=-Usd18(abs(at_index) * 3 // 2 + mul_ratio(notional, _UNWIND_ROOM_RATIO)),
        use=Use({base_token: closable if is_long else -closable}),
    )
