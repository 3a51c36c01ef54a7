"""What one executor holds on one venue beside its positions, brought to its owner's targets a step at a time, behind all that waits: seized
tokens are sold, settlement tokens become margin. What no target needs is left for the owner to sweep."""

import asyncio
from dataclasses import dataclass, replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, BlockRef
from keeper.domain.decision import LEAST_URGENT, Candidate, Decision, Economics, Liquidate, candidate_id
from keeper.domain.gas_price import GasPrice
from keeper.domain.health import Breach
from keeper.domain.inventory import Step, Targets, Wallet, next_step, read_wallet, surplus
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.records import DecisionRecord
from keeper.domain.use import NOTHING
from keeper.domain.views import LiquidationObserved
from keeper.engine import recording
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.inventory_plan import inventory_plan
from keeper.engine.ports import Executor
from keeper.engine.recording import BlockKeys
from keeper.engine.venue_lane import LaneServices
from keeper.errors import RpcError, Transient

_REST_BLOCKS = 50
"""Between looks at a wallet in which there was nothing to do: only purchases and its owner change it."""
_GATHER_BLOCKS = 3
"""From a purchase to the look at the wallet: in a crash others follow, and one look is one request."""


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
    """A processed block, the executor's margin in it, and the price of gas."""

    block: BlockRef
    margin: Usd18
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

    def note(self, evaluation: BlockEvaluation) -> None:
        """A block was processed; the book still stands at it."""
        number, price = evaluation.block.number, self._decisions.gas.price
        if any(self._is_purchase(item) for item in evaluation.observed):
            self._due = min(self._due, number + _GATHER_BLOCKS)
        if number < self._due or price is None or self._decisions.bar(self._name, number)(self._account) is not None:
            return
        margin = self._evaluator.venue.free_capital(self._holder.address, self._evaluator.book, evaluation.basis)
        is_free = len(self._decisions.mailbox) == 0
        # What is carried open goes first. Below its floor the margin cannot wait until a storm is over.
        if (is_free or margin < self._holder.targets.floor) and self._evaluator.unwind(evaluation.basis, NOTHING) is None:
            self._moment = _Moment(evaluation.block, margin, price)
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
        tokens = self._evaluator.venue.tokens(self._evaluator.book)
        if not tokens:
            return
        settlement, *others = tokens
        exchanges = [item for item in self._holder.executor.exchanges if item.token in others and item.proceeds_token == settlement]
        question = read_wallet(self._holder.address, settlement, others, exchanges)
        try:
            wallet = await self._services.chain.run(question, moment.block)
        except (Transient, RpcError) as error:
            self._services.log.info("wallet not looked at", venue=self._name, number=moment.block.number, problem=str(error))
            return
        if wallet is None:
            return
        step = next_step(self._targets(), moment.margin, wallet, exchanges)
        self._due = moment.block.number + (_REST_BLOCKS if step is None else 1)
        if step is None:
            self._tell_surplus(moment, wallet)
        else:
            await self._hand_over(moment, step, wallet)

    async def _hand_over(self, moment: _Moment, step: Step, wallet: Wallet) -> None:
        plan = inventory_plan(step, self._holder.address, self._evaluator.venue, self._evaluator.book, wallet.unit)
        name = candidate_id(self._services.chain_id, self._name, self._account, moment.block)
        candidate = Candidate(name, self._name, self._account, moment.block)
        choice = Liquidate(plan, Economics(plan.expected_reward, plan.expected_cost), moment.gas_price)
        decision = Decision(candidate, choice, LEAST_URGENT, unwind=True)
        if await self._decisions.mailbox.add(decision):
            self._services.recorder.append([self._row(decision)])

    def _row(self, decision: Decision) -> DecisionRecord:
        keys = BlockKeys(self._services.chain_id, self._name, decision.candidate.block)
        now = recording.timestamp_us(self._services.clock())
        row = recording.decision_row(keys, decision.candidate, "inventory", decision.choice, now)
        return replace(row, action=decision.plan.calls[-1].purpose.value)

    def _targets(self) -> Targets:
        """Where plans need no margin, there is none to fill up."""
        needs_capital = self._evaluator.venue.capabilities.needs_capital
        return self._holder.targets if needs_capital else replace(self._holder.targets, margin=ZERO_USD)

    def _is_purchase(self, item: LiquidationObserved) -> bool:
        """Whether the executor has bought collateral."""
        return item.liquidator == self._holder.address and item.breach is Breach.COLLATERAL

    def _tell_surplus(self, moment: _Moment, wallet: Wallet) -> None:
        """Once for each amount."""
        amount = surplus(self._targets(), moment.margin, wallet.settlement)
        words = f"{amount.units:,.2f} USD" if amount > self._holder.targets.step else ""
        if words and words != self._surplus:
            self._services.log.info("surplus in the wallet", venue=self._name, amount=words, mend="run `keeper executor sweep`")
        self._surplus = words
