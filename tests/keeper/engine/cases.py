"""Cases, breached accounts and findings of the toy venue, made by hand."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import Candidate, CandidateId, Economics, Liquidate
from keeper.domain.fixed import X18
from keeper.domain.use import Use
from keeper.domain.venue import AccountKey, Book, Breach, Health, LiquidationPlan, NoPlan
from keeper.engine.evaluator import Breached, Findings
from keeper.engine.mailbox import Case, urgency_of
from keeper.engine.tariff import Tariff
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.toy import ToyVenue

FREE = Tariff(0, 10**11, 0)
"""Gas that costs nothing."""
BREACHED = Health(X18, 2 * X18, Breach.POSITIONS)


def plan_of(account: str, *, reward: int = 5, capital: int = 0) -> LiquidationPlan:
    """A plan for all of an account; whole USD."""
    return LiquidationPlan(
        account=AccountKey(account), market="TOY", breach=Breach.POSITIONS, size_x18=X18, notional_x18=100 * X18,
        expected_reward_x18=reward * X18, expected_cost_x18=X18, capital_x18=capital * X18, gas_limit=100_000, calls=(),
        use=Use({"TOY": X18}, capital * X18),
    )  # fmt: skip


def case_of(account: str, *, reward: int = 5, blocks_breached: int = 0, block: BlockRef | None = None) -> Case:
    """A case whose profit is the reward less one USD."""
    plan = plan_of(account, reward=reward)
    decision = Liquidate(plan, Economics(plan.expected_reward_x18, plan.expected_cost_x18))
    candidate = Candidate(CandidateId(f"id-{account}"), "toy", AccountKey(account), block or block_ref(1))
    return Case(candidate, decision, urgency_of(blocks_breached, decision.economics.profit_x18), FREE)


def findings(block: BlockRef, *breached: str) -> Findings:
    """Findings of a block in which these accounts are breached since the block before."""
    found = tuple(Breached(AccountKey(account), BREACHED, block.number - 1) for account in breached)
    return Findings(block, block.timestamp, (), (), found, (), 0)


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

    def liquidation(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        return self._plans[key](used.base("TOY") // X18)

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        return self._unwinding(used.base("TOY") // X18)


def unwinding_plan(executor: Address) -> LiquidationPlan:
    """Closing what the executor holds, at a loss."""
    return replace(plan_of(executor), expected_reward_x18=0)
