"""Plans on the real contracts: what they promise is what they bring, and what was observed is what happened."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import EXECUTE, SET_VENUE, VENUE, executor_rules
from contracts.devnet.market import MarketDriver
from contracts.devnet.paths import PATHS
from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, RawLog, Timestamp
from keeper.domain.fixed import X18
from keeper.domain.health import Breach
from keeper.domain.money import Usd18
from keeper.domain.plan import CallPurpose, LiquidationPlan, NoPlan
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.venues.perp_v2.log_events import PositionChanged
from tests.keeper.venues.ledger import raw_log
from tests.keeper.venues.perp_v2.ledger import Ledger
from tests.keeper.venues.perp_v2.random_traders import MAX, RandomTraders

pytestmark = pytest.mark.fork

_STEP_SECONDS = 6
_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"


@dataclass(slots=True)
class Keeper:
    """Executes plans alone in their block, so that nobody else's trade comes before."""

    devnet: Devnet
    ledger: Ledger
    traders: RandomTraders
    executor: Address

    @classmethod
    def on(cls, devnet: Devnet) -> "Keeper":
        ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
        traders = RandomTraders.on(devnet, seed=1, people=2)
        ledger.advance()
        return cls(devnet, ledger, traders, Address(devnet.deployment.executor.lower()))

    @property
    def ahead(self) -> Timestamp:
        """A second from now, when the next block is mined."""
        assert self.ledger.head is not None
        return Timestamp(self.ledger.head.timestamp + 1)

    def plans(self) -> list[LiquidationPlan | NoPlan]:
        """For everybody breached a second from now, largest reward first."""
        ahead = self.ahead
        self.ledger.refresh(ahead)
        self.ledger.inspect(sorted(self.ledger.book.account_keys()), ahead)
        plans = [self.plan(key, ahead) for key in self.ledger.breached(ahead)]
        return sorted(plans, key=lambda plan: plan.expected_reward.raw if isinstance(plan, LiquidationPlan) else 0, reverse=True)

    def plan(self, key: AccountKey, at: Timestamp, used: Use = NOTHING) -> LiquidationPlan | NoPlan:
        return self.ledger.venue.plan(key, self.ledger.book, at, self.executor, used)

    def plans_of_one_block(self) -> list[LiquidationPlan]:
        """Of positions, worth more than a dollar; each knows of those before it."""
        plans: list[LiquidationPlan] = []
        used = NOTHING
        for first in self.plans():
            plan = self.plan(first.account, self.ahead, used) if isinstance(first, LiquidationPlan) else first
            if isinstance(plan, LiquidationPlan) and plan.breach is Breach.POSITIONS and _net(plan) > Usd18.of_units(1):
                plans.append(plan)
                used += plan.use
        return plans

    def execute_all(self, plans: Sequence[LiquidationPlan]) -> list[Usd18]:
        """In one block, in this order; the change of the executor's worth by each. The book is kept as of before the block."""
        sent = [self.traders.execute(plan, plan.break_even) for plan in plans]
        self.traders.mine(1)
        receipts = {item["transactionHash"]: item for item in self.traders.receipts()}
        logs = [tuple(raw_log(item) for item in receipts[each]["logs"]) for each in sent]
        assert [receipts[each]["status"] for each in sent] == ["0x1"] * len(sent)
        return [self._change(each) for each in logs]

    def _change(self, logs: Sequence[RawLog]) -> Usd18:
        (data,) = [log.data for log in logs if log.address == self.executor and log.topics[0] == keccak(text="Executed(int256)")]
        return Usd18(int.from_bytes(data, "big", signed=True))

    def execute(self, plan: LiquidationPlan) -> tuple[Usd18, tuple[RawLog, ...]]:
        """The change of the executor's worth and the logs. The book is kept as of before the block."""
        before = self._worth()
        sent = self.traders.execute(plan, plan.break_even)
        self.traders.mine(1)
        receipt = next(item for item in self.traders.receipts() if item["transactionHash"] == sent)
        assert receipt["status"] == "0x1"
        assert int(receipt["gasUsed"], 16) < plan.gas_limit
        return self._worth() - before, tuple(raw_log(item) for item in receipt["logs"])

    def _worth(self) -> Usd18:
        call = {"to": self.devnet.deployment.valuer, "data": calldata("valuation(address)", self.executor)}
        total: int = returned(("int256", "int256", "uint256"), self.devnet.rpc.call("eth_call", call, "latest"))[0]
        return Usd18(total)


def _net(plan: LiquidationPlan) -> Usd18:
    return plan.expected_reward - plan.expected_cost


def test_plans_bring_what_they_promise(devnet: Devnet) -> None:
    """Reward less cost to a hundredth, proceeds equal to the change of the executor's account, a flat executor after every plan."""
    keeper = Keeper.on(devnet)
    executed: list[LiquidationPlan] = []
    path = PATHS["staircase"](devnet.deployment.start_prices_8(), 7)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        for second in range(0, path[-1].seconds // 2, _STEP_SECONDS):
            wanted = dict(devnet.deployment.start_prices_8()) | {move.market: move.price_8 for move in path if move.seconds <= second}
            driver.step(wanted, driver.head_time() + _STEP_SECONDS)
            keeper.ledger.advance()
            for plan in keeper.plans()[:1]:
                if isinstance(plan, LiquidationPlan) and plan.breach is Breach.POSITIONS and plan.expected_reward > Usd18.of_units(1):
                    _check(keeper, plan)
                    executed.append(plan)
    assert len(executed) >= 10
    assert any(call.purpose is CallPurpose.CANCEL_ORDERS for plan in executed for call in plan.calls)


def _open_sizes(keeper: Keeper) -> Counter[str]:
    """What the last block's logs leave of the executor's positions, by base token."""
    sizes = Counter[str]()
    for _, event in keeper.ledger.log_events:
        if isinstance(event, PositionChanged) and event.trader == keeper.executor:
            sizes[event.base_token] += event.exchanged_position_size
    return sizes


def _check(keeper: Keeper, plan: LiquidationPlan) -> None:
    change, logs = keeper.execute(plan)
    keeper.ledger.advance()
    proceeds = keeper.ledger.venue.proceeds(logs, keeper.executor, keeper.ledger.book)
    assert not any(_open_sizes(keeper).values())
    assert abs((proceeds.settlement - change).raw) <= 10**12
    promised = _net(plan)
    assert abs((proceeds.settlement - promised).raw) <= promised.raw // 100 + X18 // 100
    (seen,) = keeper.ledger.venue.observed(keeper.ledger.log_events, keeper.ledger.book)
    assert (seen.account, seen.liquidator, seen.market, seen.breach) == (plan.account, keeper.executor, plan.market, Breach.POSITIONS)
    assert abs(seen.size_x18 - plan.size_x18) <= 10
    assert abs(seen.notional_x18 - plan.notional.raw) <= plan.notional.raw // 10**6
    assert abs(seen.reward_x18 - plan.expected_reward.raw) <= plan.expected_reward.raw // 10**6
    assert seen.penalty_x18 in (2 * seen.reward_x18, 2 * seen.reward_x18 + 1, seen.reward_x18)


def test_plans_of_one_block_bring_together_what_each_promises(devnet: Devnet) -> None:
    """Every plan is made on what those before it leave of its market; all go into one block, in that order."""
    keeper = Keeper.on(devnet)
    together = 0
    path = PATHS["shock"](devnet.deployment.start_prices_8(), 7)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        for second in range(0, path[-1].seconds, _STEP_SECONDS):
            wanted = dict(devnet.deployment.start_prices_8()) | {move.market: move.price_8 for move in path if move.seconds <= second}
            driver.step(wanted, driver.head_time() + _STEP_SECONDS)
            keeper.ledger.advance()
            plans = keeper.plans_of_one_block()
            if len(plans) >= 2:
                for plan, change in zip(plans, keeper.execute_all(plans), strict=True):
                    promised = _net(plan)
                    assert abs((change - promised).raw) <= promised.raw // 100 + X18 // 100
                keeper.ledger.advance()
                together += len(plans) - len({plan.market for plan in plans})
    assert together >= 4


def test_collateral_is_bought_with_margin(devnet: Devnet) -> None:
    """Margin leaves the Vault, pays the debt, and the token in the wallet is worth more at the newest price."""
    keeper = Keeper.on(devnet)
    pawner = AccountKey(keeper.traders.people[0])
    _indebted(keeper, pawner)
    (plan,) = [plan for plan in keeper.plans() if isinstance(plan, LiquidationPlan) and plan.account == pawner]
    assert plan.breach is Breach.COLLATERAL
    change, logs = keeper.execute(plan)
    proceeds = keeper.ledger.venue.proceeds(logs, keeper.executor, keeper.ledger.book)
    weth = next(item for item in devnet.deployment.collaterals if item.follows == "ETH")
    ((token, amount),) = proceeds.tokens
    assert token == weth.token.lower()
    assert proceeds.settlement == -plan.notional
    gained = proceeds.tokens_value + proceeds.settlement
    assert abs((gained - change).raw) <= 10**12
    assert abs((gained - plan.expected_reward).raw) <= plan.expected_reward.raw // 100
    keeper.ledger.advance()
    (seen,) = keeper.ledger.venue.observed(keeper.ledger.log_events, keeper.ledger.book)
    assert (seen.account, seen.liquidator, seen.market, seen.breach) == (pawner, keeper.executor, "WETH", Breach.COLLATERAL)
    assert seen.size_x18 == amount
    assert seen.notional_x18 == plan.notional.raw


def _indebted(keeper: Keeper, pawner: AccountKey) -> None:
    """A long on nothing but WETH, a fall, and a quarter of an hour for the TWAP to follow."""
    devnet, traders = keeper.devnet, keeper.traders
    core, eth = devnet.deployment.core, devnet.deployment.market("ETH")
    weth = next(item for item in devnet.deployment.collaterals if item.follows == "ETH")
    traders.send(devnet.deployment.owner, core.collateral_manager, "setDebtThreshold(uint256)", 1_000 * 10**6)
    traders.send(pawner, core.vault, "withdrawAll(address)", devnet.deployment.usdc)
    traders.send(pawner, core.vault, "deposit(address,uint256)", weth.token, 10 * 10**weth.decimals)
    traders.send(pawner, core.clearing_house, _OPEN, (eth.base, False, True, 30_000 * X18, 0, MAX, 0, bytes(32)))
    traders.mine(12)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.move("ETH", eth.start_price_8 * 88 // 100)
    traders.mine(900)
    keeper.ledger.advance()


def allow_also(devnet: Devnet, traders: RandomTraders, signature: str) -> None:
    """The owner lets the executor trade as well: the shortest way to a position it carries."""
    deployment, free = devnet.deployment, list[bytes]()
    rules = executor_rules(deployment.core, deployment.usdc, deployment.markets, deployment.collaterals)
    rules.append((deployment.core.clearing_house, keccak(text=signature)[:4], bytes(4), [free] * 8))
    traders.send(deployment.executor_owner, deployment.executor, SET_VENUE, VENUE, deployment.valuer, rules)


def test_what_is_carried_is_closed_later(devnet: Devnet) -> None:
    """An executor left with a position gets a plan to close it, and only then."""
    keeper = Keeper.on(devnet)
    assert keeper.ledger.head is not None
    assert keeper.ledger.venue.unwind(keeper.executor, keeper.ledger.book, keeper.ledger.head.timestamp, NOTHING) is None
    eth = devnet.deployment.market("ETH")
    opening = calldata(_OPEN, (eth.base, True, False, 5_000 * X18, MAX, MAX, 0, bytes(32)))
    allow_also(devnet, keeper.traders, _OPEN)
    call = (devnet.deployment.core.clearing_house, 0, bytes.fromhex(opening[2:]), False)
    keeper.traders.send(devnet.deployment.keeper, keeper.executor, EXECUTE, VENUE, [call], -(10**24))
    keeper.traders.mine(1)
    keeper.ledger.advance()
    ahead = Timestamp(keeper.ledger.head.timestamp + 1)
    keeper.ledger.refresh(ahead)
    plan = keeper.ledger.venue.unwind(keeper.executor, keeper.ledger.book, ahead, NOTHING)
    assert plan is not None
    assert plan.market == "ETH"
    assert plan.size_x18 < 0
    assert keeper.plan(AccountKey(keeper.executor), ahead) == NoPlan(SkipReason.DENIED, "the keeper's own account")
    keeper.execute(plan)
    keeper.ledger.advance()
    assert keeper.ledger.book.accounts[AccountKey(keeper.executor)].positions == {}


def test_an_impossible_plan_reverts_with_its_name(devnet: Devnet) -> None:
    """The executor bubbles the venue's code, the venue names it."""
    keeper = Keeper.on(devnet)
    healthy = AccountKey(devnet.deployment.traders[0].address.lower())
    eth = devnet.deployment.market("ETH")
    data = calldata("liquidate(address,address)", healthy, eth.base)
    call = {"from": devnet.deployment.keeper, "to": devnet.deployment.core.clearing_house, "data": data}
    answer = devnet.rpc.attempt([("eth_call", [call, "latest"])])[0]
    assert (
        keeper.ledger.venue.revert_reason(bytes.fromhex(answer.data[2:])) == "CH_EAV: enough account value: healthy, or somebody was faster"
    )
