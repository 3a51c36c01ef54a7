"""Dozens of purchases of collateral on the real contracts: what was seized is sold, and the margin is where it was."""

from dataclasses import dataclass

import pytest

from contracts.devnet.devnet import Devnet
from contracts.devnet.market import MarketDriver
from keeper.domain.account import AccountKey
from keeper.domain.fixed import X18
from keeper.domain.health import Breach
from keeper.domain.inventory import PayIn, Sale, Step, Wallet, next_step, read_wallet, surplus
from keeper.domain.money import Usd18
from keeper.domain.plan import LiquidationPlan
from keeper.engine.inventory_plan import inventory_plan
from tests.fork.test_perp_v2_plans import Keeper
from tests.keeper.domain.pool import targets
from tests.keeper.venues.perp_v2.exchanges import exchanges_of
from tests.keeper.venues.perp_v2.random_traders import MAX, RandomTraders

pytestmark = pytest.mark.fork

_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_PAWNERS = 14
_TARGETS = targets(margin=4_000_000, floor=1_000_000)


@dataclass(slots=True)
class _Owner:
    """Acts on what `next_step` says, as the daemon does."""

    keeper: Keeper

    def wallet(self) -> Wallet:
        venue, ledger = self.keeper.ledger.venue, self.keeper.ledger
        settlement, *others = venue.tokens(ledger.book)
        exchanges = exchanges_of(ledger, self.keeper.devnet.deployment)
        wallet = ledger.run(read_wallet(self.keeper.executor, settlement, others, exchanges), ledger.block("latest"))
        assert wallet is not None
        return wallet

    def margin(self) -> Usd18:
        ledger = self.keeper.ledger
        assert ledger.head is not None
        return ledger.venue.free_capital(self.keeper.executor, ledger.book, ledger.head.timestamp)

    def act(self) -> Step | None:
        """One step, on the chain; what it costs the executor is within what the plan says."""
        wallet, ledger = self.wallet(), self.keeper.ledger
        step = next_step(_TARGETS, self.margin(), wallet, exchanges_of(ledger, self.keeper.devnet.deployment))
        if step is not None:
            plan = inventory_plan(step, self.keeper.executor, ledger.venue, ledger.book, wallet.unit)
            change, logs = self.keeper.execute(plan)
            assert plan.break_even <= change <= Usd18(X18)
            proceeds = ledger.venue.proceeds(logs, self.keeper.executor, ledger.book)
            assert abs((proceeds.settlement + proceeds.tokens_value - change).raw) <= 10**13
            ledger.advance()
        return step


def test_dozens_of_purchases_leave_the_margin_where_it_was(devnet: Devnet) -> None:
    keeper = Keeper.on(devnet)
    pawners = _indebted(keeper)
    owner = _Owner(keeper)
    purchases, steps, lowest = 0, list[Step](), owner.margin()
    while plans := _purchases(keeper, pawners):
        for plan in plans[:4]:
            keeper.execute(plan)
            keeper.ledger.advance()
            purchases += 1
        lowest = min(lowest, owner.margin())
        step = owner.act()
        steps += [step] if step is not None else []
    while (step := owner.act()) is not None:
        steps.append(step)
    assert purchases >= 24
    assert lowest + Usd18.of_units(1_000) < _TARGETS.margin, "nothing was ever spent"
    assert sum(isinstance(step, Sale) for step in steps) >= 3
    assert any(isinstance(step, PayIn) for step in steps)
    margin, wallet = owner.margin(), owner.wallet()
    assert _TARGETS.margin - _TARGETS.step < margin <= _TARGETS.margin
    assert Usd18.of_units(1_000) < surplus(_TARGETS, margin, wallet.settlement), "the discount is the owner's to sweep"


def _purchases(keeper: Keeper, pawners: frozenset[AccountKey]) -> list[LiquidationPlan]:
    plans = [plan for plan in keeper.plans() if isinstance(plan, LiquidationPlan) and plan.breach is Breach.COLLATERAL]
    return [plan for plan in plans if plan.account in pawners]


def _indebted(keeper: Keeper) -> frozenset[AccountKey]:
    """Longs on nothing but WETH, a fall, and a quarter of an hour for the TWAP to follow."""
    devnet, core = keeper.devnet, keeper.devnet.deployment.core
    traders = keeper.traders = RandomTraders.on(devnet, seed=5, people=_PAWNERS)
    eth = devnet.deployment.market("ETH")
    weth = next(item for item in devnet.deployment.collaterals if item.follows == "ETH")
    traders.send(devnet.deployment.owner, core.collateral_manager, "setDebtThreshold(uint256)", 1_000 * 10**6)
    for pawner in traders.people:
        traders.send(pawner, core.vault, "withdrawAll(address)", devnet.deployment.usdc)
        traders.send(pawner, core.vault, "deposit(address,uint256)", weth.token, 10 * 10**weth.decimals)
        traders.send(pawner, core.clearing_house, _OPEN, (eth.base, False, True, 30_000 * X18, 0, MAX, 0, bytes(32)))
        traders.mine(12)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.move("ETH", eth.start_price_8 * 88 // 100)
    traders.mine(900)
    keeper.ledger.advance()
    return frozenset(AccountKey(pawner) for pawner in traders.people)
