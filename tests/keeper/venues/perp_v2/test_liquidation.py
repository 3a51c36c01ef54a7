"""Which market, how much, with which calls; and every reason for leaving it."""

import pytest

from keeper.domain.fixed import X18
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import CallPurpose, LiquidationPlan, NoPlan
from keeper.domain.use import NOTHING, Use
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.closing import Pool, most_profitable_sqrt_price
from keeper.venues.perp_v2.liquidation import keeper_share, liquidatable_size
from keeper.venues.perp_v2.margin import Margin
from keeper.venues.perp_v2.state import parameters
from tests.keeper.venues.perp_v2.books import ADDRESSES, ALICE, BTC, ETH, EXECUTOR, USDC, WETH, Desk, sqrt_of


def _plan(desk: Desk, used: Use = NOTHING) -> LiquidationPlan | NoPlan:
    return desk.venue.plan(ALICE, desk.book, desk.now, EXECUTOR, used)


def _made(desk: Desk, used: Use = NOTHING) -> LiquidationPlan:
    plan = _plan(desk, used)
    assert isinstance(plan, LiquidationPlan), plan
    return plan


def _underwater(usd: int = 400, size: int = 4) -> Desk:
    """A single ETH position at 2,500, below 6.25 % of margin."""
    desk = Desk()
    desk.deposit(ALICE, usd)
    desk.trade(ALICE, size, -2_500 * size)
    desk.market(2_500)
    return desk


def test_half_of_the_only_market_is_taken() -> None:
    """4 % of margin: 50 %, at 1.25 % of the notional; size 0 asks for as much as allowed."""
    plan = _made(_underwater())
    assert (plan.market, plan.breach, plan.size_x18) == ("ETH", Breach.POSITIONS, 2 * X18)
    assert abs(plan.expected_reward.raw - plan.notional.raw * 125 // 10_000) <= 1
    assert 0 < plan.expected_cost.raw < plan.notional.raw // 500
    assert plan.capital == Usd18(-(-plan.notional.raw // 10))
    assert [call.purpose for call in plan.calls] == [CallPurpose.LIQUIDATE, CallPurpose.CLOSE]
    assert [call.may_fail for call in plan.calls] == [False, True]
    assert plan.calls[0].target == ADDRESSES["clearing_house"]
    assert plan.calls[0].calldata[:4].hex() == "65d461bd"
    assert int.from_bytes(plan.calls[0].calldata[68:100], "big", signed=True) == 0
    assert plan.break_even == ZERO_USD


def test_all_is_taken_below_half_of_the_requirement_and_all_of_the_penalty_below_zero() -> None:
    """3.125 % is the line for size, zero the line for the keeper's share."""
    assert _made(_underwater(300)).size_x18 == 4 * X18
    desk = _underwater(0)
    desk.apply(log.PnlRealized(ALICE, -X18))
    plan = _made(desk)
    assert abs(plan.expected_reward.raw - plan.notional.raw * 25 // 1_000) <= 1


def test_a_short_is_bought_back() -> None:
    """Signs and the limit of the closing price are the other way round."""
    desk = _underwater(size=-4)
    plan = _made(desk)
    assert plan.size_x18 == -2 * X18
    limit = int.from_bytes(plan.calls[1].calldata[36:68], "big")
    assert sqrt_of(2_500) < limit < sqrt_of(2_800)


def test_orders_are_cancelled_first() -> None:
    """In every open market, and none of it may fail."""
    desk = _underwater()
    desk.order(ALICE, 70_000, 70_200, 10**10, 0, 0)
    desk.apply(read.MakerRead(ALICE, desk.now, 0, 0))
    plan = _made(desk)
    assert [call.purpose for call in plan.calls] == [CallPurpose.CANCEL_ORDERS, CallPurpose.LIQUIDATE, CallPurpose.CLOSE]
    assert plan.calls[0].calldata[:4].hex() == "cc3606dc"
    assert not plan.calls[0].may_fail
    assert plan.gas_limit == 6_500_000


def test_the_market_with_the_better_net_reward_is_chosen() -> None:
    """A deep pool beats a thin one of the same notional."""
    desk = Desk()
    desk.apply(log.PoolAdded(BTC, 10_000, "0x" + "f9" * 20), read.MarketNamed(BTC, "BTC"))
    desk.apply(log.MarketConfigChanged("max_tick_crossed", BTC, 1_000), log.MarketConfigChanged("exchange_fee_ratio", BTC, 1_000))
    desk.deposit(ALICE, 800)
    desk.trade(ALICE, 4, -10_000)
    desk.trade(ALICE, 4, -10_000, base=BTC)
    desk.market(2_500, liquidity=10**21)
    desk.market(2_500, base=BTC, liquidity=10**23)
    plan = _made(desk)
    assert plan.market == "BTC"
    assert plan.size_x18 == 4 * X18


@pytest.mark.parametrize(("fund_usd", "market"), [(400, "BTC"), (200, "ETH"), (50, None)])
def test_a_market_whose_debt_the_fund_covers_is_taken(fund_usd: int, market: str | None) -> None:
    """The penalty on the larger position, 250 USD, comes on top of a debt of 50; the smaller one's is 62.5."""
    desk = Desk()
    desk.apply(log.PoolAdded(BTC, 10_000, "0x" + "f9" * 20), read.MarketNamed(BTC, "BTC"))
    desk.apply(log.MarketConfigChanged("max_tick_crossed", BTC, 1_000), log.MarketConfigChanged("exchange_fee_ratio", BTC, 1_000))
    desk.deposit(ALICE, 100)
    desk.trade(ALICE, 1, -2_500)
    desk.trade(ALICE, 4, -10_000, base=BTC)
    desk.market(2_500, liquidity=10**23)
    desk.market(2_500, base=BTC, liquidity=10**23)
    desk.apply(log.PnlRealized(ALICE, -150 * X18), read.InsuranceFundRead(desk.now, fund_usd * 10**6))
    plan = desk.venue.plan(ALICE, desk.book, desk.now, EXECUTOR, NOTHING)
    assert (plan.reason if isinstance(plan, NoPlan) else plan.market) == (market or "insurance_fund_empty")


def test_a_thin_pool_shrinks_the_size() -> None:
    """What could only be closed at a loss is left; the size is then asked for exactly."""
    desk = _underwater(300)
    desk.market(2_500, liquidity=5 * 10**20)
    plan = _made(desk)
    assert 0 < plan.size_x18 < 4 * X18
    assert int.from_bytes(plan.calls[0].calldata[68:100], "big", signed=True) == plan.size_x18
    assert plan.expected_reward > plan.expected_cost
    desk.market(2_500, liquidity=5 * 10**21)
    assert _made(desk).size_x18 > plan.size_x18


def test_inventory_already_held_takes_room_in_the_pool() -> None:
    """It is closed together with what is new."""
    desk = _underwater(300)
    desk.market(2_500, liquidity=5 * 10**20)
    alone = _made(desk).size_x18
    desk.apply(log.PositionChanged(EXECUTOR, ETH, alone // 2, 0, 0, -1_000 * X18, 0, sqrt_of(2_500)))
    plan = _made(desk)
    assert plan.size_x18 == alone - alone // 2
    assert plan.use == Use({ETH: alone})


def test_earlier_plans_leave_the_next_one_what_is_left_of_the_pool() -> None:
    """All that may be sold before it stops paying, however it is shared out; then nothing."""
    desk = _underwater(300)
    desk.market(2_500, liquidity=5 * 10**20)
    alone = _made(desk)
    assert alone.use == Use({ETH: alone.size_x18})
    second = _made(desk, Use({ETH: alone.size_x18 // 2}))
    assert abs(second.size_x18 - (alone.size_x18 - alone.size_x18 // 2)) <= 10**6
    assert second.expected_cost.raw * alone.notional.raw > alone.expected_cost.raw * second.notional.raw
    full = _plan(desk, alone.use + Use({ETH: 10**6}))
    assert isinstance(full, NoPlan)
    assert full.reason == "no_profitable_size"


def test_what_earlier_plans_buy_makes_room_for_selling() -> None:
    desk = _underwater(300)
    desk.market(2_500, liquidity=5 * 10**20)
    assert _made(desk, Use({ETH: -X18})).size_x18 > _made(desk).size_x18


def test_inventory_is_closed_by_the_first_plan_only() -> None:
    desk = _underwater(300)
    desk.market(2_500, liquidity=5 * 10**20)
    alone = _made(desk).size_x18
    desk.apply(log.PositionChanged(EXECUTOR, ETH, alone // 2, 0, 0, -1_000 * X18, 0, sqrt_of(2_500)))
    first = _made(desk)
    second = _plan(desk, first.use)
    assert isinstance(second, NoPlan) or second.use == Use({ETH: second.size_x18})
    assert desk.venue.unwind(EXECUTOR, desk.book, desk.now, NOTHING) is not None
    assert desk.venue.unwind(EXECUTOR, desk.book, desk.now, first.use) is None


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        ("healthy", "no_position"),
        ("paused house", "market_not_open"),
        ("paused market", "market_not_open"),
        ("no price", "price_unavailable"),
        ("spot far below", "no_profitable_size"),
        ("no ticks", "no_profitable_size"),
        ("empty fund", "insurance_fund_empty"),
        ("own account", "denied"),
    ],
)
def test_every_reason_to_leave_it(happens: str, reason: str) -> None:
    """By the words decisions are recorded with."""
    desk = _underwater()
    match happens:
        case "healthy":
            desk.deposit(ALICE, 10_000)
        case "paused house":
            desk.apply(log.ConfigChanged("clearing_house_paused", 1))
        case "paused market":
            desk.market(2_500, status=1, stopped_at=1, stopped_price_x18=2_500 * X18)
        case "no price":
            desk.market(2_500, long_twap_x96=0)
        case "spot far below":
            desk.market(2_500, spot=2_450)
        case "no ticks":
            desk.apply(log.MarketConfigChanged("max_tick_crossed", ETH, 0))
        case "empty fund":
            desk.apply(log.PnlRealized(ALICE, -1_000 * X18), read.InsuranceFundRead(desk.now, 5 * 10**6))
    who = EXECUTOR if happens != "own account" else ALICE
    plan = desk.venue.plan(ALICE, desk.book, desk.now, type(EXECUTOR)(who), NOTHING)
    assert isinstance(plan, NoPlan)
    assert plan.reason == reason


def test_the_cap_of_one_call() -> None:
    """AccountBalance.getLiquidatablePositionSize: small, half, other markets' share, everything."""
    config = parameters(Desk().book).config
    margin = Margin(0, 0, 0, 10_000 * X18)
    assert liquidatable_size(4 * X18, 2_500 * X18, 400 * X18, margin, config) == 2 * X18
    assert liquidatable_size(-4 * X18, 2_500 * X18, 400 * X18, margin, config) == -2 * X18
    assert liquidatable_size(X18, 2_500 * X18, 400 * X18, margin, config) == X18
    assert liquidatable_size(4 * X18, 2_500 * X18, 312 * X18, margin, config) == 4 * X18
    assert liquidatable_size(4 * X18, 25 * X18, 6 * X18, Margin(0, 0, 0, 100 * X18), config) == 4 * X18
    assert keeper_share(101, 0) == 50
    assert keeper_share(101, -1) == 101


def test_a_close_costs_what_the_curve_says() -> None:
    """Selling and buying back move the spot the same way, and never beyond the limits."""
    desk = _underwater()
    market, reads = desk.book.markets[ETH], desk.book.reads[desk.now].markets[ETH]
    pool = Pool.of(market, reads, desk.now)
    for is_long in (True, False):
        most = pool.size_until(0 if is_long else 1 << 200, is_long)
        assert most == pool.size_until(pool.limit(is_long), is_long)
        quote = pool.quote_for(most, is_long)
        middle = ticks.price_x18_of(sqrt_of(2_500)) * most // X18
        assert (quote < middle) is is_long
        assert abs(quote - middle) < middle // 10
    assert pool.size_until(sqrt_of(2_600), is_long=True) == 0
    assert pool.size_until(sqrt_of(2_400), is_long=False) == 0
    assert most_profitable_sqrt_price(2_500 * X18, 12_500, 1_000, is_long=True) < sqrt_of(2_500)
    assert most_profitable_sqrt_price(2_500 * X18, 12_500, 1_000, is_long=False) > sqrt_of(2_500)


def test_price_limits_count_from_the_last_kept_tick() -> None:
    """Within 15 s of the last settlement the old tick counts, later the present one; the band around the index is the other limit."""
    desk = Desk()
    desk.trade(ALICE, 4, -10_000, price=2_500)
    desk.apply(log.FundingUpdated(ETH, 1, 1))
    desk.market(2_500, spot=2_600)
    market, reads = desk.book.markets[ETH], desk.book.reads[desk.now].markets[ETH]
    early, later = (Pool.of(market, reads, desk.now + seconds) for seconds in (14, 15))
    assert early.limit_low_x96 < later.limit_low_x96
    assert later.limit_high_x96 == ticks.sqrt_price_of(reads.index_x18 * (10**6 + 95_000) // 10**6)


def test_collateral_is_bought_where_it_gains() -> None:
    """Withdraw, approve, buy; what comes is worth at least what is paid at the newest price."""
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 10**18), log.PnlRealized(ALICE, -1_600 * X18))
    desk.market(2_500)
    desk.collateral(2_500)
    plan = _made(desk)
    repaid = 1_600 * 10**6 // 2 * 10**6 // 970_000 * 98 // 100
    assert (plan.market, plan.breach) == ("WETH", Breach.COLLATERAL)
    assert abs(plan.notional.raw - repaid * 10**12) <= 10**12
    assert plan.size_x18 == -(-plan.notional.raw * X18 // (2_250 * X18))
    assert abs(plan.expected_reward.raw - plan.notional.raw // 9) < X18
    assert [call.target for call in plan.calls] == [ADDRESSES["vault"], USDC, ADDRESSES["vault"]]
    assert plan.break_even == ZERO_USD


@pytest.mark.parametrize(("happens", "reason"), [("fall", "no_profitable_size"), ("paused", "market_not_open")])
def test_collateral_left_alone(happens: str, reason: str) -> None:
    """A spot below the discounted TWAP is a loss; a paused Vault sells nothing."""
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 10**18), log.PnlRealized(ALICE, -1_600 * X18))
    desk.market(2_500)
    desk.collateral(2_500, spot=2_249 if happens == "fall" else 2_500)
    if happens == "paused":
        desk.apply(log.ConfigChanged("vault_paused", 1))
    plan = _plan(desk)
    assert isinstance(plan, NoPlan)
    assert plan.reason == reason
