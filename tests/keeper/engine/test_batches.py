"""Several decisions at a time: tried as one transaction, cut at the chain's limit, and none pays for another's failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt
from keeper.domain.decision import Decision, Limits, Skip
from keeper.domain.fixed import X18
from keeper.domain.gas_price import GasPrice
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimReverted, SimSettled
from keeper.domain.plan import CallPurpose, LiquidationCall
from keeper.domain.records import DecisionRecord, SimulationRecord
from keeper.domain.skip_reason import SkipReason
from keeper.domain.sub_plan import MAX_TRANSACTION_GAS, batch_gas, measured_gas
from keeper.domain.use import NOTHING, Use
from keeper.engine.liquidator import ExecutionSetup, Liquidator, LiquidatorOptions
from keeper.engine.settlements import Settlements
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.fakes import (
    EXECUTOR,
    OPERATOR,
    ListDispatcher,
    ListRecorder,
    ScriptedSimulator,
    block_ref,
    encoded,
    encoded_batch,
)

PRICE = GasPrice(10**6, 10**11, 85 * X18)
GOOD = SimSettled(Usd18(9 * X18), 1_900_000, (), 1.0)
UNMEASURED = replace(GOOD, gas_used=0)
BLOCK = replace(block_ref(1), gas_limit=100_000_000)


def _decision(account: str, *, gas: int = 4_500_000, guarded: bool = True) -> Decision:
    decision = decision_of(account, block=BLOCK)
    plan = replace(decision.plan, gas_limit=gas, guarded=guarded)
    return replace(decision, choice=replace(decision.liquidate, plan=plan, gas_price=PRICE))


class Desk:
    """A liquidator with everything it touches."""

    def __init__(
        self,
        simulator: ScriptedSimulator | None = None,
        dispatcher: ListDispatcher | None = None,
        stop: Callable[[Decision], Skip | None] = lambda decision: None,
    ) -> None:
        self.simulator = simulator or ScriptedSimulator(GOOD, GOOD)
        self.dispatcher = dispatcher or ListDispatcher()
        self.recorder = ListRecorder()
        self.settlements = Settlements()
        setup = ExecutionSetup(self.simulator, self.dispatcher, encoded, encoded_batch, OPERATOR, EXECUTOR, self.settlements)
        options = LiquidatorOptions(Limits(ZERO_USD), chain_id=1, block_seconds=2, cooldown_blocks=3)
        words = {"toy": bytes.decode}
        self.liquidator = Liquidator(setup, self.recorder, options, clock=lambda: 1.0, name_revert=words, stop=stop)

    def work(self, *decisions: Decision) -> list[str]:
        """The results in short."""
        self.liquidator.renew("toy", 1, decisions)
        results: Sequence[Attempt | Skip] = asyncio.run(self.liquidator.work(decisions, 1))
        return [result.reason.value if isinstance(result, Skip) else "sent" for result in results]

    def sent(self) -> list[list[str]]:
        """The accounts of each transaction."""
        return [[part.account for part in job.parts] for job in self.dispatcher.jobs]


def test_several_are_checked_and_sent_as_one_transaction_in_their_order() -> None:
    desk = Desk()
    assert desk.work(_decision("b"), _decision("a"), _decision("c")) == ["sent"] * 3
    assert desk.sent() == [["b", "a", "c"]]
    assert desk.simulator.calls == [desk.dispatcher.jobs[0].calldata] == [b"batch b a c"]
    assert [(row.account, row.method, row.gas_used) for row in desk.recorder.of(SimulationRecord)] == [
        (name, "call", GOOD.gas_used) for name in "bac"
    ]
    assert [part.use for part in desk.dispatcher.jobs[0].parts] == [Use({"TOY": X18})] * 3


def test_one_alone_is_sent_as_a_plan_by_itself() -> None:
    """A call of a single plan says nothing of gas."""
    desk = Desk(ScriptedSimulator(UNMEASURED, GOOD))
    assert desk.work(_decision("a")) == ["sent"]
    (job,) = desk.dispatcher.jobs
    assert job.calldata.startswith(b"toy a ")
    assert job.gas_limit == 4_500_000


def test_one_that_reverts_is_left_out_with_its_own_reason_and_rest() -> None:
    desk = Desk(ScriptedSimulator(GOOD, GOOD, reverting=frozenset({"b"})))
    assert desk.work(_decision("a"), _decision("b"), _decision("c")) == ["sent", "pre_check_reverted", "sent"]
    assert desk.sent() == [["a", "c"]]
    assert desk.dispatcher.jobs[0].calldata == b"batch a c"
    assert [(row.account, row.reason, row.detail) for row in desk.recorder.of(DecisionRecord)] == [("b", "pre_check_reverted", "healthy")]
    assert desk.work(_decision("b"), _decision("d")) == ["pre_check_reverted", "sent"]
    assert desk.liquidator.in_cooldown(("toy", AccountKey("b")), 2)
    assert not desk.liquidator.in_cooldown(("toy", AccountKey("a")), 1)


def test_a_transaction_takes_as_many_as_the_chain_allows_by_what_they_were_measured_to_use() -> None:
    desk = Desk()
    names = [f"a{number}" for number in range(9)]
    assert desk.work(*map(_decision, names)) == ["sent"] * 9
    assert desk.sent() == [names[:6], names[6:]]
    gas = measured_gas(_decision("a").plan, GOOD.gas_used)
    assert desk.dispatcher.jobs[0].gas_limit == batch_gas([replace(_decision("a").plan, gas_limit=gas)] * 6) <= MAX_TRANSACTION_GAS


def test_a_quarter_of_a_block_is_the_most_for_a_batch() -> None:
    desk = Desk()
    small = replace(BLOCK, gas_limit=20_000_000)
    decisions = [_decision(name) for name in "abcd"]
    decisions = [replace(each, candidate=replace(each.candidate, block=small)) for each in decisions]
    assert desk.work(*decisions) == ["sent"] * 4
    assert [len(accounts) for accounts in desk.sent()] == [1, 1, 1, 1]


def test_what_the_node_refuses_as_too_much_is_tried_in_halves() -> None:
    decisions = [_decision(name) for name in "abcd"]
    two = batch_gas([decision.plan for decision in decisions[:2]])
    desk = Desk(ScriptedSimulator(GOOD, GOOD, most_gas=two))
    assert desk.work(*decisions) == ["sent"] * 4
    assert desk.simulator.calls == [b"batch a b c d", b"batch a b", b"batch c d"]
    assert desk.sent() == [["a", "b"], ["c", "d"]]


def test_an_executor_that_knows_no_batches_gets_plans_one_by_one() -> None:
    """Deployed before there were any: a batch reverts as a whole."""

    class Old(ScriptedSimulator):
        def _outcome(self, calldata: bytes, outcome: SimSettled | SimReverted) -> SimSettled | SimReverted:
            return SimReverted(b"", 0, 1.0) if calldata.startswith(b"batch ") else outcome

    desk = Desk(Old(GOOD, GOOD))
    assert desk.work(_decision("a"), _decision("b"), _decision("c")) == ["sent"] * 3
    assert desk.sent() == [["a"], ["b"], ["c"]]


def test_what_a_cap_forbids_together_it_may_allow_in_part() -> None:
    desk = Desk(dispatcher=ListDispatcher(most_parts=2))
    assert desk.work(*map(_decision, "abc")) == ["sent"] * 3
    assert desk.sent() == [["a"], ["b", "c"]]
    assert Desk(dispatcher=ListDispatcher(full=True)).work(*map(_decision, "abc")) == ["spending_cap"] * 3


def test_who_is_in_flight_by_now_does_not_stop_the_others() -> None:
    desk = Desk(dispatcher=ListDispatcher(open={("toy", AccountKey("b"))}))
    assert desk.work(*map(_decision, "abc")) == ["sent", "in_flight", "sent"]
    assert desk.sent() == [["a", "c"]]


def test_who_is_kept_back_by_a_gate_does_not_stop_the_others() -> None:
    """What a plan pays with its calls is the sum of those that are sent."""
    desk = Desk(stop=lambda decision: Skip(SkipReason.QUOTES_STALE, "old") if decision.candidate.account == "a" else None)
    calls = (LiquidationCall(EXECUTOR, b"", CallPurpose.UPDATE_PRICES, value_wei=7),)
    decisions = [_decision(account) for account in ("b", "a", "c")]
    paying = [replace(each, choice=replace(each.liquidate, plan=replace(each.plan, calls=calls))) for each in decisions]
    assert desk.work(*paying) == ["sent", "quotes_stale", "sent"]
    assert desk.sent() == [["b", "c"]]
    assert [job.value_wei for job in desk.dispatcher.jobs] == [14]


def test_what_a_newer_block_decides_otherwise_about_is_left_out() -> None:
    desk = Desk()
    desk.work()
    decisions = [_decision(name) for name in "abc"]
    desk.liquidator.renew("toy", 2, [decisions[0], decisions[2]])
    results = asyncio.run(desk.liquidator.work(decisions, 2))
    assert isinstance(results[1], Skip)
    assert results[1].reason is SkipReason.STALE
    assert desk.sent() == [["a", "c"]]


def test_plans_without_a_guard_are_settled_together_before_they_are_sent() -> None:
    desk = Desk()
    assert desk.work(*(_decision(name, guarded=False) for name in "ab")) == ["sent"] * 2
    assert [row.method for row in desk.recorder.of(SimulationRecord)] == ["call"] * 2 + ["fork"] * 2
    assert len(desk.settlements) == 0


def test_a_guarded_batch_is_settled_as_one_afterwards() -> None:
    desk = Desk()
    desk.work(_decision("a"), _decision("b"))

    async def settle() -> None:
        await desk.liquidator.settle(await desk.settlements.take())

    asyncio.run(settle())
    assert [(row.account, row.method) for row in desk.recorder.of(SimulationRecord)][2:] == [("a", "fork"), ("b", "fork")]


def test_what_fails_on_the_fork_is_left_out_and_the_rest_settled_again() -> None:
    class Falling(ScriptedSimulator):
        """The fork finds b healthy, the call does not."""

        def _outcome(self, calldata: bytes, outcome: SimSettled | SimReverted) -> SimSettled | SimReverted:
            self.reverting = frozenset({"b"}) if outcome is self.settled else frozenset()
            return super()._outcome(calldata, outcome)

    desk = Desk(Falling(GOOD, replace(GOOD, gas_used=1)))
    assert desk.work(*(_decision(name, guarded=False) for name in "abc")) == ["sent", "simulation_reverted", "sent"]
    assert desk.sent() == [["a", "c"]]
    assert desk.simulator.settlements == 2


def test_attempts_of_an_earlier_process_count_as_used() -> None:
    """After a kill -9 the plans in flight are known from the outbox alone."""
    use = Use({"TOY": 3 * X18}, Usd18(50 * X18))
    key = ("toy", AccountKey("a"))
    desk = Desk(dispatcher=ListDispatcher(open={key}, uses={key: use}))
    assert desk.liquidator.used("toy") == NOTHING + use
    assert desk.liquidator.used("other") == NOTHING
    assert desk.liquidator.at_work("toy") == {}


@pytest.mark.parametrize(
    ("block_gas", "expected"),
    [
        (0, 2 * MAX_TRANSACTION_GAS),
        (100_000_000, 2 * MAX_TRANSACTION_GAS),
        (10_000_000, 20_000_000 - 4_500_000),
        (1_000_000, 2_000_000 - 4_500_000),
    ],
)
def test_two_blocks_worth_may_wait_to_be_mined(block_gas: int, expected: int) -> None:
    desk = Desk(ScriptedSimulator(UNMEASURED, GOOD))
    block = replace(BLOCK, gas_limit=block_gas)
    assert desk.liquidator.room(block) == 2 * MAX_TRANSACTION_GAS, "nothing waits: there is room for any plan"
    desk.work(_decision("a"))
    assert desk.liquidator.room(block) == expected
