"""Decisions and evaluations of the toy venue, made by hand."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import Candidate, CandidateId, Decision, Economics, Liquidate, urgency_of
from keeper.domain.fixed import X18
from keeper.domain.gas_price import GasPrice
from keeper.domain.health import Breach, Health
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import LiquidationPlan, NoPlan
from keeper.domain.use import Use
from keeper.domain.venue import Book
from keeper.engine.evaluator import BlockEvaluation
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.toy import ToyVenue

FREE = GasPrice(0, 10**11, 0)
"""Gas that costs nothing."""
BREACHED = Health(Usd18(X18), Usd18(2 * X18), Breach.POSITIONS)


def plan_of(account: str, *, reward: int = 5, capital: int = 0) -> LiquidationPlan:
    """A plan for all of an account; whole USD."""
    return LiquidationPlan(
        account=AccountKey(account), market="TOY", breach=Breach.POSITIONS, size_x18=X18, notional=Usd18.of_units(100),
        expected_reward=Usd18.of_units(reward), expected_cost=Usd18.of_units(1), capital=Usd18.of_units(capital), gas_limit=100_000,
        calls=(), use=Use({"TOY": X18}, Usd18.of_units(capital)),
    )  # fmt: skip


def decision_of(account: str, *, reward: int = 5, blocks_breached: int = 0, block: BlockRef | None = None) -> Decision:
    """A decision to liquidate whose profit is the reward less one USD."""
    plan = plan_of(account, reward=reward)
    choice = Liquidate(plan, Economics(plan.expected_reward, plan.expected_cost), FREE)
    candidate = Candidate(CandidateId(f"id-{account}"), "toy", AccountKey(account), block or block_ref(1))
    return Decision(candidate, choice, urgency_of(blocks_breached, choice.economics.profit))


def evaluation(block: BlockRef, *breached: str) -> BlockEvaluation:
    """Evaluation of a block in which these accounts are breached since the block before."""
    breaches = {AccountKey(account): block.number - 1 for account in breached}
    return BlockEvaluation(block, block.timestamp, (), (), breaches, (), 0)


class ScriptedVenue(ToyVenue):
    """A toy whose plans are made by hand, by account and what earlier plans use of the market TOY (whole units); `unwinding` by use too."""

    def __init__(
        self,
        prices: Mapping[int, int],
        plans: Mapping[str, Callable[[int], LiquidationPlan | NoPlan]],
        unwinding: Callable[[int], LiquidationPlan | None] = lambda _: None,
    ) -> None:
        super().__init__(prices)
        self._plans = plans
        self._unwinding = unwinding

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        return self._plans[key](used.base("TOY") // X18)

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        return self._unwinding(used.base("TOY") // X18)


def unwinding_plan(executor: Address) -> LiquidationPlan:
    """Closing what the executor holds, at a loss."""
    return replace(plan_of(executor), expected_reward=ZERO_USD)
