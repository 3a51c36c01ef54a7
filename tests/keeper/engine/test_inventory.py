"""When an executor's wallet is looked at, what comes of it, and that it is never in the way of a liquidation."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from keeper.domain.account import AccountKey
from keeper.domain.calldata import word
from keeper.domain.chain import Address, BlockAdded, BlockRef, CallResult, Hash32, RawLog, Reads, Timestamp
from keeper.domain.decision import Decision, Limits
from keeper.domain.fee_policy import FeePolicy
from keeper.domain.fixed import X18
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimReverted, SimSettled
from keeper.domain.permission import OwnerCall
from keeper.domain.plan import LiquidationPlan
from keeper.domain.records import DecisionRecord
from keeper.domain.use import Use
from keeper.domain.venue import Book
from keeper.domain.views import LiquidationObserved
from keeper.engine.attempts import Attempts
from keeper.engine.chain_status import ChainStatus
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.holds import Holds
from keeper.engine.inventory import Holder, Inventory
from keeper.engine.liquidator import ExecutionSetup, Liquidator, LiquidatorOptions
from keeper.engine.mailbox import Mailbox
from keeper.engine.metrics import Metrics
from keeper.engine.questions import ChainQuestions
from keeper.engine.venue_lane import LaneServices
from keeper.errors import RpcUnavailable, StateDivergence
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness
from tests.keeper.domain.pool import EXCHANGE, LOW, USDC, Pool, targets
from tests.keeper.engine.decided import decision_of, evaluation, unwinding_plan
from tests.keeper.engine.fakes import (
    EXECUTOR,
    OPERATOR,
    FakeChain,
    ListDispatcher,
    ListRecorder,
    ScriptedMender,
    ScriptedSimulator,
    block_ref,
    encoded_batch,
)
from tests.keeper.engine.toy import ToyVenue
from tests.keeper.test_assembly import OtherExecutor

T = TypeVar("T")
TARGETS = targets(margin=1_000, floor=500)
ACCOUNT = AccountKey(EXECUTOR)
_SETTLED = SimSettled(ZERO_USD, 90_000, (), 1.0)


class _Venue(ToyVenue):
    """A toy with margin in USDC, at which WETH may be seized."""

    margin = Usd18.of_units(1_000)
    carried: LiquidationPlan | None = None

    def tokens(self, book: Book) -> Sequence[Address]:
        return (USDC, LOW)

    def top_up(self, book: Book, amount: Usd18) -> Sequence[OwnerCall]:
        return (OwnerCall(USDC, "approve(address,uint256)", (EXECUTOR, amount.raw // 10**12)),)

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        return self.margin

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        return self.carried


@dataclass
class _Chain(FakeChain):
    """Tells a wallet, and how often it was asked for it. `is_down`: nobody answers."""

    settlement_raw: int = 0
    token_raw: int = 0
    is_down: bool = False
    looks: int = 0

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        try:
            calls = next(reads)
            while True:
                is_wallet = bool(calls) and calls[0].to == USDC
                calls = reads.send(self._wallet() if is_wallet else [CallResult(True, b"") for _ in calls])
        except StopIteration as stop:
            result: T = stop.value
            return result

    def heal(self) -> None:
        """Somebody answers again."""
        self.is_down = False

    def _wallet(self) -> Sequence[CallResult]:
        self.looks += 1
        if self.is_down:
            raise RpcUnavailable("nobody there")
        oracle = Pool.at(EXCHANGE, 2_500 * 10**6, 10**12).price(2_500 * 10**6)
        words = (6, self.settlement_raw, self.token_raw, oracle.unit_worth_raw, oracle.sqrt_price_x96, oracle.liquidity)
        return [CallResult(True, word(value)) for value in words]


@dataclass
class _Desk:
    """An inventory with everything it touches; its key's mailbox is worked off by hand."""

    venue: _Venue = field(default_factory=lambda: _Venue({2 * number: 100 for number in range(40)}))
    chain: _Chain = field(default_factory=_Chain)
    recorder: ListRecorder = field(default_factory=ListRecorder)
    dispatcher: ListDispatcher = field(default_factory=ListDispatcher)
    simulator: ScriptedSimulator = field(default_factory=lambda: ScriptedSimulator(_SETTLED, _SETTLED))

    def __post_init__(self) -> None:
        log = structlog.get_logger()
        status = ChainStatus(Heartbeat(lambda: 1.0, 60.0), Readiness(LogAlerts(log), log), Metrics())
        policy = DecisionPolicy(
            1, EXECUTOR, Limits(Usd18(X18)), "TOY", FeePolicy(10**6, 10**11), lambda venue, plan, change: f"{change.raw}".encode()
        )
        self.evaluator = Evaluator(self.venue, ChainQuestions(self.chain), executor=EXECUTOR, block_seconds=2, forecast=False)
        setup = ExecutionSetup(self.simulator, self.dispatcher, policy.encode, encoded_batch, OPERATOR, EXECUTOR)
        words = {"toy": self.venue.revert_reason}
        self.liquidator = Liquidator(
            setup, self.recorder, LiquidatorOptions(Limits(Usd18(X18)), 1, 2, 3), clock=lambda: 1.0, name_revert=words
        )
        self.holds = Holds(ScriptedMender(), status.readiness.report)
        attempts = Attempts(self.dispatcher, self.recorder, 1, EXECUTOR, log, status.metrics, words)
        gas = GasPriceSource(policy, ("toy",))
        self.mailbox = Mailbox(self.liquidator.room)
        self.decisions = Decisions(policy, gas, attempts, self.liquidator, self.mailbox, self.holds, status.metrics)
        services = LaneServices(self.chain, self.recorder, status, log, lambda: 1.0, 1)
        executor = OtherExecutor(self.simulator, self.dispatcher, exchanges=[EXCHANGE])
        self.inventory = Inventory("toy", self.evaluator, Holder(executor, TARGETS), self.decisions, services)

    async def block(self, number: int, *waiting: Decision, observed: Sequence[LiquidationObserved] = ()) -> BlockEvaluation:
        """A block is processed, its decisions wait, and the inventory has had time to look."""
        block = block_ref(number)
        await self.evaluator.added(BlockAdded(block, ()))
        self.decisions.gas.update("toy", self.evaluator, evaluation(block))
        await self.decisions.hand_over("toy", block, waiting)
        seen = BlockEvaluation(block, block.timestamp, (), (), {}, observed, 0)
        self.inventory.note(seen)
        for _ in range(20):
            await asyncio.sleep(0)
        return seen

    def run(self, *steps: int | Callable[[], object]) -> None:
        """Block after block, each step of the executor worked on at once; and what happens between."""

        async def live() -> None:
            task = asyncio.create_task(self.inventory.run())
            for step in steps:
                if isinstance(step, int):
                    await self.block(step)
                    await self.work()
                else:
                    step()
            task.cancel()

        asyncio.run(live())

    async def work(self) -> None:
        """Work off the mailbox."""
        while len(self.mailbox):
            decisions = await self.mailbox.take()
            await self.liquidator.work(decisions, self.mailbox.newest_block)
            await self.mailbox.done(decisions)

    def actions(self) -> list[tuple[int, str, str | None]]:
        return [(row.block_number, row.action, row.market) for row in self.recorder.of(DecisionRecord) if row.stage == "inventory"]


def test_seized_tokens_are_sold_within_the_slippage_by_the_executors_own_guard() -> None:
    desk = _Desk()
    desk.chain.token_raw = 10**18
    desk.run(1)
    assert desk.actions() == [(1, "sell", "WETH")]
    (job,) = desk.dispatcher.jobs
    assert ([part.account for part in job.parts], job.to) == ([ACCOUNT], EXECUTOR)
    assert job.calldata == f"{-(2_500 * X18 * 5 // 1_000 + 10**12)}".encode()
    assert desk.simulator.settlements == 1, "it is settled before it is sent"


def test_settlement_tokens_become_margin_up_to_its_target_for_nothing_less() -> None:
    desk = _Desk()
    desk.venue.margin = Usd18.of_units(800)
    desk.chain.settlement_raw = 5_000 * 10**6
    desk.run(1)
    assert desk.actions() == [(1, "pay_in", "margin")]
    assert desk.dispatcher.jobs[0].calldata == b"0"
    (row,) = desk.recorder.of(DecisionRecord)
    assert (row.size_raw, row.breach, row.candidate_id) == (str(200 * X18), None, desk.dispatcher.jobs[0].parts[0].candidate_id)


def test_a_venue_that_takes_no_margin_gets_none() -> None:
    desk = _Desk()
    desk.venue.margin = ZERO_USD
    desk.venue.capabilities = replace(desk.venue.capabilities, needs_capital=False)
    desk.chain.settlement_raw = 5_000 * 10**6
    desk.run(1)
    assert desk.actions() == []


def test_one_step_at_a_time() -> None:
    """While one is under way nothing is even read; it rests for a while when there is nothing to do."""
    desk = _Desk()
    desk.chain.token_raw = 10**18
    looks: list[int] = []

    def settle() -> None:
        looks.append(desk.chain.looks)
        desk.dispatcher.open.clear()
        desk.chain.token_raw = 0

    desk.run(1, 2, 3, settle, *range(4, 16))
    assert (len(desk.dispatcher.jobs), looks, desk.chain.looks) == (1, [1], 2)


def test_a_purchase_of_collateral_ends_the_rest() -> None:
    log = RawLog(LOW, (), b"", 3, block_ref(3).hash, Hash32("0x" + "1" * 64), 0)
    own = LiquidationObserved(AccountKey("0xa"), EXECUTOR, "WETH", "WETH", Breach.COLLATERAL, X18, X18, 0, 0, 0, log)
    desk = _Desk()

    async def live() -> None:
        task = asyncio.create_task(desk.inventory.run())
        await desk.block(1)
        await desk.block(2)
        assert desk.chain.looks == 1
        await desk.block(3, observed=[own])
        await desk.block(4)
        await desk.block(5)
        assert desk.chain.looks == 1, "others may follow"
        await desk.block(6)
        assert desk.chain.looks == 2
        task.cancel()

    asyncio.run(live())


def test_a_storm_goes_first_but_for_a_margin_below_its_floor() -> None:
    desk = _Desk()
    desk.chain.token_raw = 10**18

    async def live() -> None:
        task = asyncio.create_task(desk.inventory.run())
        await desk.block(1, decision_of("0xa", reward=1, block=block_ref(1)))
        assert desk.actions() == []
        desk.venue.margin = Usd18.of_units(499)
        await desk.block(2, decision_of("0xa", reward=1, block=block_ref(2)))
        assert desk.actions() == [(2, "sell", "WETH")]
        (first,), (second,) = await desk.mailbox.take(), await desk.mailbox.take()
        assert (first.candidate.account, second.candidate.account) == ("0xa", ACCOUNT)
        task.cancel()

    asyncio.run(live())


def test_what_is_carried_open_is_closed_first() -> None:
    desk = _Desk()
    desk.chain.token_raw, desk.venue.carried = 10**18, unwinding_plan(EXECUTOR)
    desk.run(1)
    assert desk.chain.looks == 0


def test_a_venue_that_is_held_is_left_alone() -> None:
    desk = _Desk()
    desk.chain.token_raw = 10**18
    desk.holds.place("toy", StateDivergence("they differ"), ())
    desk.run(1)
    assert desk.chain.looks == 0


def test_a_sale_that_is_refused_is_tried_ever_more_rarely() -> None:
    desk = _Desk(simulator=ScriptedSimulator(SimReverted(b"", 0, 1.0), _SETTLED))
    desk.chain.token_raw = 10**18
    desk.run(*range(1, 12))
    assert [number for number, _, _ in desk.actions()] == [1, 2, 4, 8]


def test_nobody_answers() -> None:
    """Then it looks again at the next block."""
    desk = _Desk()
    desk.chain.token_raw, desk.chain.is_down = 10**18, True
    desk.run(1, desk.chain.heal, 2)
    assert desk.actions() == [(2, "sell", "WETH")]


def test_a_block_that_is_not_the_newest_any_more_brings_nothing() -> None:
    desk = _Desk()
    desk.chain.token_raw = 10**18

    async def live() -> None:
        task = asyncio.create_task(desk.inventory.run())
        await desk.evaluator.added(BlockAdded(block_ref(1), ()))
        desk.decisions.gas.update("toy", desk.evaluator, evaluation(block_ref(1)))
        await desk.decisions.hand_over("toy", block_ref(2), [])
        desk.inventory.note(evaluation(block_ref(1)))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(live())
    assert (desk.actions(), len(desk.mailbox)) == ([], 0)
