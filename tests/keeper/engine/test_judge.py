"""From findings to decisions: what bars an account, what it may cost, what earlier plans leave, and the same names for the same block."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from keeper.domain.chain import BlockAdded
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import Limits, Skip, candidate_id
from keeper.domain.fixed import X18
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use
from keeper.domain.venue import AccountKey, LiquidationPlan, NoPlan
from keeper.engine.evaluator import Evaluator, Findings
from keeper.engine.judge import COOLING_DOWN, IN_FLIGHT, Judge, Verdict
from keeper.engine.questions import ChainQuestions
from keeper.engine.tariff import Tariff
from tests.keeper.engine.cases import FREE, ScriptedVenue, findings, plan_of, unwinding_plan
from tests.keeper.engine.fakes import EXECUTOR, FakeChain, block_ref, encoded
from tests.keeper.engine.toy import Opened, log_of

BLOCK = block_ref(2)
JUDGE = Judge(1, EXECUTOR, Limits(min_profit_x18=X18), "TOY", 10**6, 10**11, encoded)


def _evaluator(
    plans: dict[str, Callable[[int], LiquidationPlan | NoPlan]] | None = None,
    unwinding: Callable[[int], LiquidationPlan | None] = lambda _: None,
) -> Evaluator:
    """A book in which the price is 100 at the block."""
    venue = ScriptedVenue({BLOCK.timestamp: 100}, plans or {}, unwinding)
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=EXECUTOR, block_seconds=2, forecast=False)
    asyncio.run(evaluator.added(BlockAdded(BLOCK, (log_of(Opened("0xa", 10, 100), BLOCK, 0),))))
    return evaluator


def _verdicts(
    plans: dict[str, Callable[[int], LiquidationPlan | NoPlan]],
    *,
    judge: Judge = JUDGE,
    tariff: Tariff | None = FREE,
    found: Findings | None = None,
    barred: Callable[[AccountKey], Skip | None] = lambda _: None,
    used: Use = NOTHING,
    at_work: Mapping[AccountKey, Use] | None = None,
) -> list[Verdict]:
    return list(judge.verdicts("toy", _evaluator(plans), found or findings(BLOCK, *plans), tariff, barred, used, at_work or {}))


def _always(plan: LiquidationPlan | NoPlan) -> Callable[[int], LiquidationPlan | NoPlan]:
    return lambda _: plan


def _falling(account: str, reward: int) -> Callable[[int], LiquidationPlan | NoPlan]:
    """Every base unit sold before costs a USD of the reward; nothing is left to earn below 2 USD."""
    return lambda sold: plan_of(account, reward=reward - sold) if reward - sold >= 2 else NoPlan(SkipReason.NO_PROFITABLE_SIZE)


def _reasons(verdicts: list[Verdict]) -> dict[str, str]:
    return {
        verdict.candidate.account: verdict.decision.reason.value if isinstance(verdict.decision, Skip) else "liquidate"
        for verdict in verdicts
    }


def test_gas_is_priced_at_the_coins_own_market() -> None:
    tariff = JUDGE.tariff(_evaluator(), BLOCK)
    assert tariff == Tariff(10**6, 10**11, 100 * X18)
    # (base fee 1 gwei + tip 1e6 wei) x 1e9 gas is 1.001 coins, of 100 USD each.
    assert tariff.cost_x18(10**9, BLOCK, b"") == 1_001 * X18 // 10


def test_while_the_coin_has_no_price_nothing_is_sent_for_free() -> None:
    verdicts = _verdicts({"good": _always(plan_of("good"))}, tariff=None)
    assert _reasons(verdicts) == {"good": "price_unavailable"}
    assert verdicts[0].case() is None


def test_a_data_fee_counts_for_every_byte_of_the_calldata() -> None:
    fee = DataFee(10**9, 0, 10**6, 0)
    tariff = Tariff(0, 10**11, 100 * X18, fee)
    plan = plan_of("good")
    cost = tariff.cost_x18(plan.gas_limit, BLOCK, encoded("toy", plan, 0)) - tariff.cost_x18(plan.gas_limit, BLOCK, b"")
    assert cost >= 0
    assert tariff.cost_x18(0, BLOCK, b"") == fee.of_calldata(b"") * 100
    dear = replace(tariff, data_fee=replace(fee, base_fee_wei=10**15))
    assert _reasons(_verdicts({"good": _always(plan)}, tariff=tariff)) == {"good": "liquidate"}
    assert _reasons(_verdicts({"good": _always(plan)}, tariff=dear)) == {"good": "unprofitable"}


def test_every_breached_account_gets_one_verdict_with_a_reproducible_name() -> None:
    plans = {"good": _always(plan_of("good")), "poor": _always(plan_of("poor", reward=1)), "none": _always(NoPlan(SkipReason.NO_POSITION))}
    verdicts = _verdicts(plans)
    assert _reasons(verdicts) == {"good": "liquidate", "poor": "unprofitable", "none": "no_position"}
    assert [verdict.candidate.id for verdict in verdicts] == [
        candidate_id(1, "toy", AccountKey(name), BLOCK) for name in ("good", "poor", "none")
    ]
    assert [verdict.case() is not None for verdict in verdicts] == [True, False, False]
    assert verdicts[2].plan is None


def test_gas_alone_can_make_a_plan_unprofitable() -> None:
    dear = Tariff(0, 10**11, 10**6 * X18)
    assert _reasons(_verdicts({"good": _always(plan_of("good"))}, tariff=dear)) == {"good": "unprofitable"}


def test_a_barred_account_is_skipped_for_that_reason_but_still_told_with_its_plan() -> None:
    plans = {"busy": _always(plan_of("busy")), "resting": _always(plan_of("resting"))}
    verdicts = _verdicts(plans, barred=lambda key: IN_FLIGHT if key == "busy" else COOLING_DOWN)
    assert [verdict.decision for verdict in verdicts] == [IN_FLIGHT, COOLING_DOWN]
    assert all(verdict.plan is not None and verdict.case() is None for verdict in verdicts)
    assert all(verdict.use == NOTHING for verdict in verdicts)


def test_capital_limits_the_executor_and_nothing_limits_who_only_observes() -> None:
    plans = {"big": _always(plan_of("big", capital=10**7))}
    assert _reasons(_verdicts(plans)) == {"big": "not_enough_capital"}
    assert _reasons(_verdicts(plans, judge=replace(JUDGE, executor=None))) == {"big": "liquidate"}


def test_each_plan_is_made_on_what_the_more_urgent_ones_leave() -> None:
    """Three of a unit each: the second finds one sold, the third two, and has nothing left to earn."""
    plans = {"small": _falling("small", 3), "large": _falling("large", 9), "middle": _falling("middle", 5)}
    verdicts = _verdicts(plans)
    assert [verdict.candidate.account for verdict in verdicts] == ["large", "middle", "small"]
    assert [verdict.used.base("TOY") for verdict in verdicts] == [0, X18, 2 * X18]
    assert _reasons(verdicts) == {"large": "liquidate", "middle": "liquidate", "small": "market_capacity"}
    assert verdicts[1].plan == plan_of("middle", reward=4)
    assert isinstance(verdicts[2].decision, Skip)
    assert verdicts[2].decision.detail == "no_profitable_size after earlier plans"


def test_who_finds_no_room_takes_none_from_those_after_him() -> None:
    plans = {"large": _falling("large", 9), "greedy": _always(plan_of("greedy", reward=8)), "third": _falling("third", 7)}
    crowded = dict(plans, greedy=lambda sold: plan_of("greedy", reward=8) if sold == 0 else NoPlan(SkipReason.NO_PROFITABLE_SIZE))
    assert [verdict.used.base("TOY") // X18 for verdict in _verdicts(plans)] == [0, 1, 2]
    assert [verdict.used.base("TOY") // X18 for verdict in _verdicts(crowded)] == [0, 1, 1]


def test_the_overdue_are_planned_before_the_more_profitable() -> None:
    overdue = findings(BLOCK, "rich", "late")
    late = replace(overdue.breached[1], first_seen=BLOCK.number - 2)
    found = replace(overdue, breached=(overdue.breached[0], late))
    plans = {"rich": _falling("rich", 9), "late": _falling("late", 3)}
    assert [verdict.candidate.account for verdict in _verdicts(plans, found=found)] == ["late", "rich"]


def test_what_is_in_flight_is_used_before_the_first_plan() -> None:
    (verdict,) = _verdicts({"a": _falling("a", 5)}, used=Use({"TOY": 4 * X18}))
    assert _reasons([verdict]) == {"a": "market_capacity"}
    assert verdict.used == Use({"TOY": 4 * X18})


def test_a_case_still_at_work_does_not_stand_in_its_own_way() -> None:
    """Four are sold by attempts in flight, one by the account's own case of the block before, which is judged again."""
    worked = {AccountKey("a"): Use({"TOY": X18})}
    one, other = _verdicts({"a": _falling("a", 8), "b": _falling("b", 7)}, used=Use({"TOY": 5 * X18}), at_work=worked)
    assert [verdict.used.base("TOY") // X18 for verdict in (one, other)] == [4, 5]
    assert _reasons([one, other]) == {"a": "liquidate", "b": "liquidate"}


def test_an_account_that_would_not_pay_alone_is_not_told_that_the_market_is_full() -> None:
    assert _reasons(_verdicts({"a": _always(NoPlan(SkipReason.NO_PROFITABLE_SIZE))}, used=Use({"TOY": X18}))) == {"a": "no_profitable_size"}


def test_capital_is_given_to_the_most_urgent_first() -> None:
    """A million is free: 700,000 and 300,000 of it are taken, and nothing is left for the least profitable."""
    plans = {name: _always(plan_of(name, reward=reward, capital=capital)) for name, reward, capital in _PURCHASES}
    assert _reasons(_verdicts(plans)) == {"first": "liquidate", "second": "liquidate", "third": "not_enough_capital"}


_PURCHASES = (("third", 3, 1), ("first", 9, 700_000), ("second", 6, 300_000))


def test_a_record_of_what_was_used_gives_the_same_verdicts() -> None:
    plans = {"small": _falling("small", 3), "large": _falling("large", 9), "middle": _falling("middle", 5)}
    verdicts = _verdicts(plans, used=Use({"TOY": X18}))
    used = {verdict.candidate.id: verdict.used for verdict in verdicts}
    again = JUDGE.verdicts_after("toy", _evaluator(plans), findings(BLOCK, *plans), FREE, used)
    assert sorted(again, key=lambda verdict: verdict.urgency, reverse=True) == verdicts


def test_unwinding_needs_no_profit_and_waits_only_for_what_is_in_flight() -> None:
    found, evaluator = findings(BLOCK), _evaluator(unwinding=lambda sold: unwinding_plan(EXECUTOR) if sold == 0 else None)
    case = JUDGE.unwinding("toy", evaluator, found, FREE, lambda _: None, NOTHING)
    assert case is not None
    assert case.unwind
    assert case.decision.economics.profit_x18 < 0
    assert JUDGE.unwinding("toy", evaluator, found, FREE, lambda _: IN_FLIGHT, NOTHING) is None
    assert JUDGE.unwinding("toy", evaluator, found, FREE, lambda _: None, Use({"TOY": X18})) is None
