"""What one executor holds on one venue beside its positions, brought to its owner's targets a step at a time, when nothing is more urgent:
seized tokens are sold, settlement tokens become margin. What no target needs is left for the owner to sweep."""

import asyncio
from dataclasses import dataclass, replace

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder
from keeper.domain.chain import Address, BlockRef
from keeper.domain.decision import LEAST_URGENT, Candidate, Decision, Economics, Liquidate, candidate_id
from keeper.domain.exchange import sale_calls
from keeper.domain.fixed import to_units
from keeper.domain.gas_price import GasPrice
from keeper.domain.health import Breach
from keeper.domain.inventory import PayIn, Sale, Step, Targets, Wallet, next_step, read_wallet, surplus_x18
from keeper.domain.permission import OwnerCall
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.domain.records import DecisionRecord
from keeper.domain.use import NOTHING
from keeper.domain.views import LiquidationObserved
from keeper.engine import recording
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.ports import Executor
from keeper.engine.recording import BlockKeys
from keeper.engine.venue_lane import LaneServices
from keeper.errors import RpcError, Transient

GAS_OF_A_STEP = 1_500_000
"""A sale takes 0.2 M and a deposit 0.3 M; the executor values itself before and after at some 0.2 M each."""
_REST_BLOCKS = 10
"""Between looks at a wallet in which there was nothing to do."""
_ENCODER = Encoder()


@dataclass(frozen=True, slots=True)
class Holder:
    """An executor, and what its owner wants it to hold."""

    executor: Executor
    targets: Targets

    @property
    def address(self) -> Address:
        """The contract."""
        return self.executor.address


@dataclass(frozen=True, slots=True)
class _Moment:
    """A processed block, and the executor's margin in it: USD with 18 decimals."""

    block: BlockRef
    margin_x18: int
    gas_price: GasPrice


class Inventory:
    """Hears of every block that was processed; reads the wallet in a task of its own, so that no block waits for it."""

    def __init__(self, name: str, evaluator: Evaluator, holder: Holder, decisions: Decisions, services: LaneServices) -> None:
        """`name`: the venue's in the settings."""
        self._name = name
        self._evaluator = evaluator
        self._holder = holder
        self._decisions = decisions
        self._services = services
        self._account = AccountKey(holder.address)
        self._moment: _Moment | None = None
        self._changed = asyncio.Event()
        self._due = 0
        self._surplus = ""

    def note(self, evaluation: BlockEvaluation, candidates: int) -> None:
        """A block was processed, with so many candidates to work on. The book still stands at it."""
        number = evaluation.block.number
        if any(self._is_purchase(item) for item in evaluation.observed):
            self._due = number
        price, venue, book = self._decisions.gas.price, self._evaluator.venue, self._evaluator.book
        if number < self._due or price is None or self._decisions.bar(self._name, number)(self._account) is not None:
            return
        margin_x18 = venue.free_capital(self._holder.address, book, evaluation.basis)
        is_idle = candidates == 0 and len(self._decisions.mailbox) == 0
        # What is carried open goes first. Below its floor the margin cannot wait until a storm is over.
        if (is_idle or margin_x18 < self._holder.targets.floor_x18) and self._evaluator.unwind(evaluation.basis, NOTHING) is None:
            self._moment = _Moment(evaluation.block, margin_x18, price)
            self._changed.set()

    async def run(self) -> None:
        """Look and act until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            moment, self._moment = self._moment, None
            if moment is not None:
                await self._look(moment)

    async def _look(self, moment: _Moment) -> None:
        """What nobody answers is looked at again at the next block."""
        venue, book = self._evaluator.venue, self._evaluator.book
        settlement, *others = venue.tokens(book)
        exchanges = [item for item in self._holder.executor.exchanges if item.token in others and item.proceeds_token == settlement]
        try:
            wallet = await self._services.chain.run(read_wallet(self._holder.address, settlement, others, exchanges), moment.block)
        except (Transient, RpcError) as error:
            self._services.log.info("wallet not looked at", venue=self._name, number=moment.block.number, problem=str(error))
            return
        if wallet is None:
            return
        step = next_step(self._targets(), moment.margin_x18, wallet, exchanges)
        self._due = moment.block.number + (_REST_BLOCKS if step is None else 1)
        if step is None:
            self._tell_surplus(moment, wallet)
        else:
            await self._hand_over(moment, step, wallet)

    async def _hand_over(self, moment: _Moment, step: Step, wallet: Wallet) -> None:
        plan = self._plan(step, wallet)
        name = candidate_id(self._services.chain_id, self._name, self._account, moment.block)
        candidate = Candidate(name, self._name, self._account, moment.block)
        choice = Liquidate(plan, Economics(plan.expected_reward_x18, plan.expected_cost_x18), moment.gas_price)
        decision = Decision(candidate, choice, LEAST_URGENT, unwind=True)
        if await self._decisions.mailbox.add(decision):
            self._services.recorder.append([self._row(decision)])

    def _plan(self, step: Step, wallet: Wallet) -> LiquidationPlan:
        """The executor's guard: a sale may cost what its slippage allows and a rounding, paying in nothing."""
        match step:
            case Sale(exchange=exchange, worth_x18=worth):
                calls = sale_calls(exchange, step.amount_raw)
                return self._step_plan(exchange.symbol, step.amount_x18, worth, calls, worth - step.least_x18 + wallet.unit_x18)
            case PayIn(amount_x18=amount):
                owner_calls = self._evaluator.venue.top_up(self._evaluator.book, amount)
                return self._step_plan("margin", amount, amount, tuple(map(_payment, owner_calls)), 0)

    def _step_plan(
        self, market: str, size_x18: int, worth_x18: int, calls: tuple[LiquidationCall, ...], most_loss_x18: int
    ) -> LiquidationPlan:
        return LiquidationPlan(
            account=self._account,
            market=market,
            breach=None,
            size_x18=size_x18,
            notional_x18=worth_x18,
            expected_reward_x18=0,
            expected_cost_x18=most_loss_x18,
            capital_x18=0,
            gas_limit=GAS_OF_A_STEP,
            calls=calls,
            break_even_x18=-most_loss_x18,
        )

    def _row(self, decision: Decision) -> DecisionRecord:
        keys = BlockKeys(self._services.chain_id, self._name, decision.candidate.block)
        now = recording.timestamp_us(self._services.clock())
        row = recording.decision_row(keys, decision.candidate, "inventory", decision.choice, now)
        return replace(row, action=decision.plan.calls[-1].purpose.value)

    def _targets(self) -> Targets:
        """Where plans need no margin, there is none to fill up."""
        takes_margin = bool(self._evaluator.venue.top_up(self._evaluator.book, 0))
        return self._holder.targets if takes_margin else replace(self._holder.targets, margin_x18=0)

    def _is_purchase(self, item: LiquidationObserved) -> bool:
        """Whether the executor has bought collateral."""
        return item.liquidator == self._holder.address and item.breach is Breach.COLLATERAL

    def _tell_surplus(self, moment: _Moment, wallet: Wallet) -> None:
        """Once for each amount."""
        amount_x18 = surplus_x18(self._targets(), moment.margin_x18, wallet.settlement_x18)
        words = f"{to_units(amount_x18):,.2f} USD" if amount_x18 > self._holder.targets.step_x18 else ""
        if words and words != self._surplus:
            self._services.log.info("surplus in the wallet", venue=self._name, amount=words, mend="run `keeper executor sweep`")
        self._surplus = words


def _payment(call: OwnerCall) -> LiquidationCall:
    return LiquidationCall(call.target, _ENCODER.data(call.signature, *call.arguments), CallPurpose.PAY_IN)
