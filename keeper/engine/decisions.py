"""From one venue's findings to the cases the liquidator works on, and the rows that say why the others are left."""

from collections.abc import Sequence

from keeper.domain.chain import BlockRef
from keeper.domain.decision import Skip
from keeper.domain.records import MicroTime, Record
from keeper.domain.skip_reason import SkipReason
from keeper.domain.venue import AccountKey
from keeper.engine import recording
from keeper.engine.attempts import Attempts
from keeper.engine.evaluator import Evaluator, Findings
from keeper.engine.gas_price import GasPrice
from keeper.engine.holds import Holds
from keeper.engine.judge import COOLING_DOWN, HELD, IN_FLIGHT, Judge
from keeper.engine.liquidator import Liquidator
from keeper.engine.mailbox import Case, Mailbox
from keeper.engine.recording import Where
from keeper.engine.status import Metrics


class Decisions:
    """What the lanes of one chain decide with: the limits, the price of gas, and what is held, in flight or in cooldown."""

    def __init__(
        self,
        judge: Judge,
        gas: GasPrice,
        attempts: Attempts,
        liquidator: Liquidator,
        mailbox: Mailbox,
        holds: Holds,
        metrics: Metrics,
    ) -> None:
        self.judge = judge
        self.gas = gas
        self.attempts = attempts
        self._liquidator = liquidator
        self._mailbox = mailbox
        self._holds = holds
        self._metrics = metrics

    def decide(self, name: str, evaluator: Evaluator, findings: Findings, now: MicroTime) -> tuple[list[Record], list[Case]]:
        """Every breached account's decision as a row, and the cases to go on with, the closing of what the executor holds among them."""
        busy = self.attempts.busy()

        def barred(account: AccountKey) -> Skip | None:
            if name in self._holds:
                return HELD
            if (name, account) in busy:
                return IN_FLIGHT
            return COOLING_DOWN if self._liquidator.resting((name, account), findings.block.number) else None

        used, tariff = self._liquidator.used(name), self.gas.tariff
        verdicts = self.judge.verdicts(name, evaluator, findings, tariff, barred, used, self._liquidator.at_work(name))
        cases = [case for verdict in verdicts if (case := verdict.case()) is not None]
        after = sum((verdict.use for verdict in verdicts), used)
        unwinding = self.judge.unwinding(name, evaluator, findings, tariff, barred, after)
        cases += [unwinding] if unwinding else []
        for verdict in verdicts:
            if isinstance(verdict.decision, Skip):
                self._metrics.skip(verdict.decision.reason.value)
        where = Where(self.judge.chain_id, name, findings.block)
        rows = [recording.decision_row(where, item.candidate, "decide", item.decision, item.plan, now, item.used) for item in verdicts]
        return [*rows], cases

    async def hand_over(self, name: str, block: BlockRef, cases: Sequence[Case]) -> None:
        """Put the venue's cases of its newest block in place of its older ones."""
        self._liquidator.judged(name, block.number, cases)
        for left_over in await self._mailbox.replace(name, block.number, cases):
            self._liquidator.note(left_over, "mailbox", Skip(SkipReason.STALE))

    async def withdraw(self, name: str, reason: Skip | None = None) -> None:
        """Take the venue's cases back; with a `reason` that is recorded."""
        for case in await self._mailbox.withdraw(name):
            if reason is not None:
                self._liquidator.note(case, "mailbox", reason)
