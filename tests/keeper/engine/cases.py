"""Cases, breached accounts and findings of the toy venue, made by hand."""

from collections.abc import Sequence
from dataclasses import replace

from keeper.domain.chain import Address, BlockRef
from keeper.domain.decision import Candidate, CandidateId, Economics, Liquidate
from keeper.domain.fixed import X18
from keeper.domain.venue import AccountKey, Breach, Health, LiquidationPlan, NoPlan
from keeper.engine.evaluator import Breached, Findings
from keeper.engine.mailbox import Case
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.toy import ToyEvent

BREACHED = Health(X18, 2 * X18, Breach.POSITIONS)


def plan_of(account: str, *, reward: int = 5, capital: int = 0) -> LiquidationPlan:
    """A plan for all of an account; whole USD."""
    return LiquidationPlan(
        account=AccountKey(account), market="TOY", breach=Breach.POSITIONS, size_x18=X18, notional_x18=100 * X18,
        expected_reward_x18=reward * X18, expected_cost_x18=X18, capital_x18=capital * X18, gas_limit=100_000, calls=(),
    )  # fmt: skip


def case_of(account: str, *, reward: int = 5, blocks_breached: int = 0, block: BlockRef | None = None) -> Case:
    """A case whose profit is the reward less one USD."""
    plan = plan_of(account, reward=reward)
    decision = Liquidate(plan, Economics(plan.expected_reward_x18, plan.expected_cost_x18))
    candidate = Candidate(CandidateId(f"id-{account}"), "toy", AccountKey(account), block or block_ref(1))
    return Case(candidate, decision, blocks_breached)


def findings(
    block: BlockRef, breached: Sequence[tuple[str, LiquidationPlan | NoPlan]] = (), unwind: LiquidationPlan | None = None
) -> Findings[ToyEvent]:
    """Findings of a block in which these accounts are breached since the block before."""
    found = tuple(Breached(AccountKey(account), BREACHED, plan, block.number - 1) for account, plan in breached)
    return Findings(block, block.timestamp, (), (), found, (), unwind, 0)


def unwinding_plan(executor: Address) -> LiquidationPlan:
    """Closing what the executor holds, at a loss."""
    return replace(plan_of(executor), expected_reward_x18=0)
