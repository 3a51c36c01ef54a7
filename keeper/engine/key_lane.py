"""One executor's work on one chain, by its key or its pool of keys: the candidates of its venues, their transactions, whether they can act.
No other executor waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from keeper.domain.attempt import Settled
from keeper.domain.chain import BlockRef
from keeper.domain.decision import Skip
from keeper.domain.outcome import Reverted
from keeper.domain.records import MicroTime
from keeper.domain.skip_reason import SkipReason
from keeper.engine.breakers import Breakers
from keeper.engine.decisions import Decisions
from keeper.engine.evaluator import Evaluator
from keeper.engine.gather import gather
from keeper.engine.ports import OperatorWatch, SentRecords
from keeper.engine.settlements import Settlements
from keeper.errors import RpcError, Transient


@dataclass(slots=True, eq=False)
class KeyLane:
    """`workers` candidates are worked on at the same time. `settlements` holds what was sent without having been settled, where that is
    allowed; `operator_watch` says whether the keys can act, where they are to act at all; `breakers` what their own results forbid them."""

    decisions: Decisions
    settlements: Settlements | None
    operator_watch: OperatorWatch | None
    workers: int
    log: FilteringBoundLogger
    breakers: Breakers
    _settled: list[Settled] = field(default_factory=list)

    async def run(self) -> None:
        """Work off the mailbox until cancelled."""
        await gather(*(self._work() for _ in range(self.workers)), self._settle())

    async def track(self, block: BlockRef) -> None:
        """What became of the keys' transactions by this block, before anything is decided about it."""
        settled = await self.decisions.attempts.track(block)
        for item in settled:
            self.decisions.liquidator.concluded((item.attempt.venue, item.attempt.account), block.number)
        if self.operator_watch is not None and any(isinstance(item.outcome, Reverted) for item in settled):
            self.operator_watch.doubt()
        self._settled += settled
        self.breakers.gates.look()

    def record(self, head: BlockRef, seen: MicroTime, evaluators: Mapping[str, Evaluator]) -> None:
        """Rows of what was signed, and of the outcomes, since the last call; `seen`: when the head arrived."""
        settled, self._settled = self._settled, []
        outcomes = self.decisions.attempts.record(settled, head, seen, evaluators, self.decisions.gas.native_price_x18)
        self.breakers.record(outcomes)

    def recall(self, lake: SentRecords) -> None:
        """What the keys' transactions of the last day came to, at start."""
        dispatcher = self.decisions.liquidator.dispatcher
        if dispatcher is not None:
            self.breakers.recall(lake, dispatcher.senders)

    def reverted(self, ancestor: BlockRef, orphaned: Sequence[BlockRef]) -> None:
        """Blocks that are gone, with what they decided about the keys' transactions."""
        self.decisions.attempts.reverted(ancestor, orphaned)
        self.breakers.reverted(orphaned)

    async def watch(self, number: int) -> None:
        """Whether the operator can act; `number` is the engine's newest block."""
        if self.operator_watch is not None:
            await self.operator_watch.turn(number)

    async def settled(self) -> None:
        """Waits until nothing that was sent is left to be settled."""
        if self.settlements is not None:
            await self.settlements.drained()

    async def _work(self) -> None:
        """One of the lane's own tasks: a slow simulation must not hold up the next block."""
        mailbox, liquidator = self.decisions.mailbox, self.decisions.liquidator
        while True:
            decisions = await mailbox.take()
            results = await liquidator.work(decisions, mailbox.newest_block)
            for decision, result in zip(decisions, results, strict=True):
                if self.operator_watch is not None and isinstance(result, Skip) and result.reason is SkipReason.PRE_CHECK_REVERTED:
                    self.operator_watch.doubt()
                self.log.info("candidate", account=decision.candidate.account, id=decision.candidate.id, result=liquidator.name_of(result))
            await mailbox.done(decisions)

    async def _settle(self) -> None:
        """Settle what was sent without, one after the other, while no candidate waits."""
        while self.settlements is not None:
            draft = await self.settlements.take()
            await self.decisions.mailbox.drained()
            try:
                await self.decisions.liquidator.settle(draft)
            except (Transient, RpcError) as error:
                self.log.info("not settled", ids=[decision.candidate.id for decision in draft.decisions], reason=str(error))
            self.settlements.done()
