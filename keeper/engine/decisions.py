"""From one venue's evaluation of a block to what the liquidator works on, and the rows that say why the others are left."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef
from keeper.domain.decision import Decision, Skip
from keeper.domain.records import MicroTime, Record
from keeper.domain.skip_reason import SkipReason
from keeper.domain.stages import Stages
from keeper.engine import recording
from keeper.engine.attempts import Attempts
from keeper.engine.decision_policy import COOLING_DOWN, HELD, IN_FLIGHT, DecisionPolicy
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.gas_price_source import GasPriceSource
from keeper.engine.holds import Holds
from keeper.engine.liquidator import Liquidator
from keeper.engine.mailbox import Mailbox
from keeper.engine.metrics import Metrics
from keeper.engine.recording import BlockKeys


class Decisions:
    """What the venues of one executor decide with: the limits, the price of gas, and what is held, in flight or in cooldown."""

    def __init__(
        self,
        policy: DecisionPolicy,
        gas: GasPriceSource,
        attempts: Attempts,
        liquidator: Liquidator,
        mailbox: Mailbox,
        holds: Holds,
        metrics: Metrics,
    ) -> None:
        self.policy = policy
        self.gas = gas
        self.attempts = attempts
        self.liquidator = liquidator
        self.mailbox = mailbox
        self._holds = holds
        self._metrics = metrics

    def decide(
        self, name: str, evaluator: Evaluator, evaluation: BlockEvaluation, seen: MicroTime, now: MicroTime
    ) -> tuple[list[Record], list[Decision]]:
        """The decision about every account in breach as a row, and those to go on with, the closing of what the executor holds among
        them. `seen`: when the block, or the signed price, arrived."""
        blocked = self.bar(name, evaluation.block.number)
        used, price = self.liquidator.used(name, evaluation.block.number), self.gas.price
        decisions = self.policy.decisions(name, evaluator, evaluation, price, blocked, used, self.liquidator.at_work(name))
        self.attempts.revalue(name, {decision.candidate.account: decision.worth_wei for decision in decisions})
        after = sum((decision.use for decision in decisions), used)
        unwinding = self.policy.unwinding(name, evaluator, evaluation, price, blocked, after)
        for decision in decisions:
            if isinstance(decision.choice, Skip):
                self._metrics.skip(decision.choice.reason.value)
        keys = BlockKeys(self.policy.chain_id, name, evaluation.block)
        rows: list[Record] = [recording.decision_row(keys, item.candidate, "decide", item.choice, now, item.used) for item in decisions]
        stages = Stages(seen_us=seen, decided_us=now)
        return rows, [replace(item, stages=stages) for item in (*decisions, unwinding) if item is not None and item.goes_on]

    def bar(self, name: str, block_number: int) -> Callable[[AccountKey], Skip | None]:
        """Why an account of a venue may not be touched now, apart from its plan."""
        busy = self.attempts.busy()

        def blocked(account: AccountKey) -> Skip | None:
            if name in self._holds:
                return HELD
            if (name, account) in busy:
                return IN_FLIGHT
            return COOLING_DOWN if self.liquidator.in_cooldown((name, account), block_number) else None

        return blocked

    async def hand_over(self, name: str, block: BlockRef, decisions: Sequence[Decision]) -> None:
        """Put the venue's decisions of its newest block in place of its older ones."""
        self.liquidator.renew(name, block.number, decisions)
        for decision in await self.mailbox.replace(name, block.number, decisions):
            self.liquidator.note(decision, "mailbox", Skip(SkipReason.STALE))

    async def withdraw(self, name: str, reason: Skip | None = None) -> None:
        """Take the venue's decisions back; with a `reason` that is recorded."""
        for decision in await self.mailbox.withdraw(name):
            if reason is not None:
                self.liquidator.note(decision, "mailbox", reason)
