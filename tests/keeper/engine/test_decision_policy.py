"""From findings to decisions: what bars an account, what it may cost, what earlier plans leave, and the same names for the same block."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, BlockAdded, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import Decision, Limits, Skip, candidate_id
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.fixed import X18
from keeper.domain.gas_price import GasPrice
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import LiquidationPlan, NoPlan
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.domain.venue import Book
from keeper.engine.decision_policy import COOLING_DOWN, IN_FLIGHT, DecisionPolicy
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.questions import ChainQuestions
from tests.keeper.engine.decided import FREE, ScriptedVenue, evaluation, plan_of, unwinding_plan
from tests.keeper.engine.fakes import EXECUTOR, FakeChain, block_ref, encoded
from tests.keeper.engine.toy import Opened, log_of

BLOCK = block_ref(2)
POLICY = DecisionPolicy(1, EXECUTOR, Limits(min_profit=Usd18.of_units(1)), "TOY", FeePolicy(10**6, 10**11), encoded)


def _evaluator(
    plans: dict[str, Callable[[int], LiquidationPlan | NoPlan]] | None = None,
    unwinding: Callable[[int], LiquidationPlan | None] = lambda _: None,
    kind: type[ScriptedVenue] = ScriptedVenue,
) -> Evaluator:
    """A book in which the price is 100 at the block."""
    venue = kind({BLOCK.timestamp: 100}, plans or {}, unwinding)
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=EXECUTOR, block_seconds=2, forecast=False)
    asyncio.run(evaluator.added(BlockAdded(BLOCK, (log_of(Opened("0xa", 10, 100), BLOCK, 0),))))
    return evaluator


def _decisions(
    plans: dict[str, Callable[[int], LiquidationPlan | NoPlan]],
    *,
    policy: DecisionPolicy = POLICY,
    gas_price: GasPrice | None = FREE,
    block_evaluation: BlockEvaluation | None = None,
    blocked: Callable[[AccountKey], Skip | None] = lambda _: None,
    used: Use = NOTHING,
    at_work: Mapping[AccountKey, Use] | None = None,
    kind: type[ScriptedVenue] = ScriptedVenue,
) -> list[Decision]:
    evaluator, findings = _evaluator(plans, kind=kind), block_evaluation or evaluation(BLOCK, *plans)
    return list(policy.decisions("toy", evaluator, findings, gas_price, blocked, used, at_work or {}))


def _always(plan: LiquidationPlan | NoPlan) -> Callable[[int], LiquidationPlan | NoPlan]:
    return lambda _: plan


def _falling(account: str, reward: int) -> Callable[[int], LiquidationPlan | NoPlan]:
    """Every base unit sold before costs a USD of the reward; nothing is left to earn below 2 USD."""
    return lambda sold: plan_of(account, reward=reward - sold) if reward - sold >= 2 else NoPlan(SkipReason.NO_PROFITABLE_SIZE)


def _reasons(decisions: list[Decision]) -> dict[str, str]:
    return {
        decision.candidate.account: decision.choice.reason.value if isinstance(decision.choice, Skip) else "liquidate"
        for decision in decisions
    }


def test_gas_is_priced_at_the_coins_own_market() -> None:
    gas_price = POLICY.gas_price(_evaluator(), BLOCK)
    assert gas_price == GasPrice(10**6, 10**11, 100 * X18)
    # (base fee 1 gwei + tip 1e6 wei) x 1e9 gas is 1.001 coins, of 100 USD each.
    assert gas_price.cost(10**9, BLOCK, b"") == Usd18(1_001 * X18 // 10)


def test_while_the_coin_has_no_price_nothing_is_sent_for_free() -> None:
    decisions = _decisions({"good": _always(plan_of("good"))}, gas_price=None)
    assert _reasons(decisions) == {"good": "price_unavailable"}
    assert not decisions[0].goes_on


def test_a_data_fee_counts_for_every_byte_of_the_calldata() -> None:
    fee = DataFee(10**9, 0, 10**6, 0)
    gas_price = GasPrice(0, 10**11, 100 * X18, fee)
    plan = plan_of("good")
    cost = gas_price.cost(plan.gas_limit, BLOCK, encoded("toy", plan, ZERO_USD)) - gas_price.cost(plan.gas_limit, BLOCK, b"")
    assert cost >= ZERO_USD
    assert gas_price.cost(0, BLOCK, b"") == Usd18(fee.of_calldata(b"") * 100)
    dear = replace(gas_price, data_fee=replace(fee, base_fee_wei=10**15))
    assert _reasons(_decisions({"good": _always(plan)}, gas_price=gas_price)) == {"good": "liquidate"}
    assert _reasons(_decisions({"good": _always(plan)}, gas_price=dear)) == {"good": "unprofitable"}


def test_every_breached_account_gets_one_decision_with_a_reproducible_name() -> None:
    plans = {"good": _always(plan_of("good")), "poor": _always(plan_of("poor", reward=1)), "none": _always(NoPlan(SkipReason.NO_POSITION))}
    decisions = _decisions(plans)
    assert _reasons(decisions) == {"good": "liquidate", "poor": "unprofitable", "none": "no_position"}
    assert [decision.candidate.id for decision in decisions] == [
        candidate_id(1, "toy", AccountKey(name), BLOCK) for name in ("good", "poor", "none")
    ]
    assert [decision.goes_on for decision in decisions] == [True, False, False]
    assert decisions[2].choice.plan is None


def test_gas_alone_can_make_a_plan_unprofitable() -> None:
    dear = GasPrice(0, 10**11, 10**6 * X18)
    assert _reasons(_decisions({"good": _always(plan_of("good"))}, gas_price=dear)) == {"good": "unprofitable"}


def test_a_blocked_account_is_skipped_for_that_reason_but_still_told_with_its_plan() -> None:
    plans = {"busy": _always(plan_of("busy")), "resting": _always(plan_of("resting"))}
    decisions = _decisions(plans, blocked=lambda key: IN_FLIGHT if key == "busy" else COOLING_DOWN)
    assert _reasons(decisions) == {"busy": "in_flight", "resting": "cooling_down"}
    assert [decision.choice.plan for decision in decisions] == [plan_of("busy"), plan_of("resting")]
    assert not any(decision.goes_on for decision in decisions)
    assert all(decision.use == NOTHING for decision in decisions)


def test_capital_limits_the_executor_and_nothing_limits_who_only_observes() -> None:
    plans = {"big": _always(plan_of("big", capital=10**7))}
    assert _reasons(_decisions(plans)) == {"big": "not_enough_capital"}
    assert _reasons(_decisions(plans, policy=replace(POLICY, executor=None))) == {"big": "liquidate"}


class _Lender(ScriptedVenue):
    """Its plans take nothing of the executor's."""

    capabilities = replace(ScriptedVenue.capabilities, needs_capital=False)

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        raise AssertionError("nobody need ask")


def test_margin_is_not_counted_where_plans_need_none() -> None:
    plans = {"big": _always(plan_of("big", capital=10**7))}
    assert _reasons(_decisions(plans, kind=_Lender)) == {"big": "liquidate"}


def test_each_plan_is_made_on_what_the_more_urgent_ones_leave() -> None:
    """Three of a unit each: the second finds one sold, the third two, and has nothing left to earn."""
    plans = {"small": _falling("small", 3), "large": _falling("large", 9), "middle": _falling("middle", 5)}
    decisions = _decisions(plans)
    assert [decision.candidate.account for decision in decisions] == ["large", "middle", "small"]
    assert [decision.used.base("TOY") for decision in decisions] == [0, X18, 2 * X18]
    assert _reasons(decisions) == {"large": "liquidate", "middle": "liquidate", "small": "market_capacity"}
    assert decisions[1].plan == plan_of("middle", reward=4)
    assert isinstance(decisions[2].choice, Skip)
    assert decisions[2].choice.detail == "no_profitable_size after earlier plans"


def test_who_finds_no_room_takes_none_from_those_after_him() -> None:
    plans = {"large": _falling("large", 9), "greedy": _always(plan_of("greedy", reward=8)), "third": _falling("third", 7)}
    crowded = dict(plans, greedy=lambda sold: plan_of("greedy", reward=8) if sold == 0 else NoPlan(SkipReason.NO_PROFITABLE_SIZE))
    assert [decision.used.base("TOY") // X18 for decision in _decisions(plans)] == [0, 1, 2]
    assert [decision.used.base("TOY") // X18 for decision in _decisions(crowded)] == [0, 1, 1]


def test_the_overdue_are_planned_before_the_more_profitable() -> None:
    overdue = evaluation(BLOCK, "rich", "late")
    block_evaluation = replace(overdue, breaches={**overdue.breaches, AccountKey("late"): BLOCK.number - 2})
    plans = {"rich": _falling("rich", 9), "late": _falling("late", 3)}
    assert [decision.candidate.account for decision in _decisions(plans, block_evaluation=block_evaluation)] == ["late", "rich"]


def test_what_is_in_flight_is_used_before_the_first_plan() -> None:
    (decision,) = _decisions({"a": _falling("a", 5)}, used=Use({"TOY": 4 * X18}))
    assert _reasons([decision]) == {"a": "market_capacity"}
    assert decision.used == Use({"TOY": 4 * X18})


def test_a_decision_still_at_work_does_not_stand_in_its_own_way() -> None:
    """Four are sold by attempts in flight, one by the account's own decision of the block before, which is made anew."""
    worked = {AccountKey("a"): Use({"TOY": X18})}
    one, other = _decisions({"a": _falling("a", 8), "b": _falling("b", 7)}, used=Use({"TOY": 5 * X18}), at_work=worked)
    assert [decision.used.base("TOY") // X18 for decision in (one, other)] == [4, 5]
    assert _reasons([one, other]) == {"a": "liquidate", "b": "liquidate"}


def test_an_account_that_would_not_pay_alone_is_not_told_that_the_market_is_full() -> None:
    assert _reasons(_decisions({"a": _always(NoPlan(SkipReason.NO_PROFITABLE_SIZE))}, used=Use({"TOY": X18}))) == {
        "a": "no_profitable_size"
    }


def test_capital_is_given_to_the_most_urgent_first() -> None:
    """A million is free: 700,000 and 300,000 of it are taken, and nothing is left for the least profitable."""
    plans = {name: _always(plan_of(name, reward=reward, capital=capital)) for name, reward, capital in _PURCHASES}
    assert _reasons(_decisions(plans)) == {"first": "liquidate", "second": "liquidate", "third": "not_enough_capital"}


_PURCHASES = (("third", 3, 1), ("first", 9, 700_000), ("second", 6, 300_000))


def test_a_record_of_what_was_used_gives_the_same_decisions() -> None:
    plans = {"small": _falling("small", 3), "large": _falling("large", 9), "middle": _falling("middle", 5)}
    decisions = _decisions(plans, used=Use({"TOY": X18}))
    used = {decision.candidate.id: decision.used for decision in decisions}
    again = POLICY.decisions_after("toy", _evaluator(plans), evaluation(BLOCK, *plans), FREE, used)
    assert sorted(again, key=lambda decision: decision.urgency, reverse=True) == decisions


def test_unwinding_needs_no_profit_and_waits_only_for_what_is_in_flight() -> None:
    block_evaluation, evaluator = evaluation(BLOCK), _evaluator(unwinding=lambda sold: unwinding_plan(EXECUTOR) if sold == 0 else None)
    decision = POLICY.unwinding("toy", evaluator, block_evaluation, FREE, lambda _: None, NOTHING)
    assert decision is not None
    assert decision.unwind
    assert decision.liquidate.economics.profit < ZERO_USD
    assert POLICY.unwinding("toy", evaluator, block_evaluation, FREE, lambda _: IN_FLIGHT, NOTHING) is None
    assert POLICY.unwinding("toy", evaluator, block_evaluation, FREE, lambda _: None, Use({"TOY": X18})) is None


DEAR = GasPrice(10**9, 10**12, 10_000 * X18)
"""A gwei is what others pay on top of a base fee of a gwei; with a coin of 10,000 USD that makes 2 USD for 100,000 gas."""
BIDDING = replace(POLICY, fees=FeePolicy(10**6, 10**12, 500_000))


def _tips(policy: DecisionPolicy, **rewards: int) -> dict[str, int]:
    plans = {name: _always(plan_of(name, reward=reward)) for name, reward in rewards.items()}
    decisions = _decisions(plans, policy=policy, gas_price=DEAR)
    return {decision.candidate.account: decision.gas_price.priority_fee_wei for decision in decisions if decision.goes_on}


def test_a_dearer_job_bids_more_where_the_operator_shares_the_profit() -> None:
    """After a trading cost of 1 USD and a wanted profit of 1 USD, 8 USD are 8 gwei of gas, 7 of them above the base fee. What others pay is
    followed up to a tenth of that."""
    assert _tips(POLICY, rich=10, poor=5) == {"rich": 7 * 10**8, "poor": 2 * 10**8}
    assert _tips(BIDDING, rich=10, poor=5) == {"rich": 35 * 10**8, "poor": 10**9}


def test_a_job_that_the_market_is_too_dear_for_bids_a_part_of_what_it_is_worth() -> None:
    """1.50 USD are left for gas, of which the base fee takes one and a tenth of the rest is bid: the others are room for prices."""
    plan = replace(plan_of("poor", reward=4), expected_cost=Usd18.of_units(1.5))
    (decision,) = _decisions({"poor": _always(plan)}, gas_price=DEAR)
    assert decision.gas_price.priority_fee_wei == 5 * 10**7
    assert decision.liquidate.economics.profit == Usd18.of_units(1.45)


def test_what_a_jobs_gas_may_cost_is_told_whether_it_goes_on_or_not() -> None:
    """All it brings above the wanted profit, in the coin; without a guard what the operator allows, without a plan nothing."""
    plans = {
        "good": _always(plan_of("good", reward=10)),
        "busy": _always(plan_of("busy", reward=8)),
        "free": _always(replace(plan_of("free", reward=6), guarded=False)),
        "none": _always(NoPlan(SkipReason.NO_POSITION)),
    }
    decisions = _decisions(plans, gas_price=DEAR, blocked=lambda key: IN_FLIGHT if key == "busy" else None)
    coin = 10**18
    assert {decision.candidate.account: decision.worth_wei for decision in decisions} == {
        "good": 8 * coin // 10_000,
        "busy": 6 * coin // 10_000,
        "free": 100_000 * 10**12,
        "none": 0,
    }


def test_the_tip_that_others_pay_is_a_part_of_the_price_of_gas() -> None:
    assert POLICY.gas_price(_evaluator(), BLOCK, market_tip_wei=10**9) == GasPrice(10**9, 10**11, 100 * X18)
    assert POLICY.gas_price(_evaluator(), BLOCK, market_tip_wei=10**5) == GasPrice(10**6, 10**11, 100 * X18)
