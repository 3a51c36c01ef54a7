"""The same blocks once more, from the lake alone: the same candidates and decisions must come out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keeper.domain.chain import BlockRef, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.decision import CandidateId, Decision, Liquidate, Skip
from keeper.domain.gas_price import GasPrice
from keeper.domain.use import Use
from keeper.domain.venue import Event
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.evaluator import Applied, BlockEvaluation, Evaluator
from keeper.engine.questions import RecordedQuestions


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """A block with everything that was applied to the book in it, in order. `decided` is false for one taken in after the fact: nothing was
    decided about it."""

    block: BlockRef
    applied: Sequence[Applied]
    decided: bool = True
    data_fee: DataFee | None = None
    market_tip_wei: int | None = None

    def logged(self) -> list[Applied]:
        """What came from logs."""
        return [item for item in self.applied if item.source == "log"]

    def answers(self) -> Mapping[str, Sequence[Event]]:
        """What was read, by question."""
        sources = {item.source for item in self.applied} - {"log"}
        return {source: self._from(source) for source in sources}

    def ticks(self) -> Sequence[tuple[Timestamp, Mapping[str, Sequence[Event]]]]:
        """What came by signed prices after the block and concerned anybody: when they were published, and the answers of that moment."""
        times = dict.fromkeys(item.source.removeprefix("tick:") for item in self.applied if item.source.startswith("tick:"))
        return [
            (Timestamp(int(time)), {"quote": self._from(f"tick:{time}"), "inspect_forecast": self._from(f"tick_inspect:{time}")})
            for time in times
        ]

    def _from(self, source: str) -> Sequence[Event]:
        return [item.event for item in self.applied if item.source == source]

    def was_evaluated(self) -> bool:
        """False for blocks of a backfill, which were only applied."""
        return any(item.source == "refresh" for item in self.applied)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The decisions of one block."""

    block: BlockRef
    decisions: Sequence[Decision]


class Replay:
    """Runs recorded blocks through the evaluator and the policy. `evaluator` must ask the `questions` given here; `used` is what was taken
    of the markets before each candidate was planned, which hung on what was being sent."""

    def __init__(
        self, name: str, evaluator: Evaluator, questions: RecordedQuestions, policy: DecisionPolicy, used: Mapping[CandidateId, Use]
    ) -> None:
        self._name = name
        self._evaluator = evaluator
        self._questions = questions
        self._policy = policy
        self._used = used
        self._gas_price: GasPrice | None = None

    async def run(self, blocks: Iterator[RecordedBlock]) -> list[Replayed]:
        """Every evaluated block's decisions, in order."""
        replayed: list[Replayed] = []
        for recorded in blocks:
            block = recorded.block
            if not recorded.was_evaluated():
                self._evaluator.restore(block.number, block.timestamp, [item.event for item in recorded.applied])
                continue
            self._questions.load(recorded.answers(), recorded.data_fee, recorded.market_tip_wei)
            evaluation = await self._evaluator.process_decoded(block, recorded.logged())
            gas_price = self._policy.gas_price(self._evaluator, block, evaluation.data_fee, evaluation.market_tip_wei)
            self._gas_price = gas_price or self._gas_price
            decisions = [*self._decisions(evaluation)]
            for quoted_at, answers in recorded.ticks():
                self._questions.load(answers, recorded.data_fee, recorded.market_tip_wei)
                decisions += self._decisions(await self._evaluator.tick(block, quoted_at))
            self._evaluator.finalised(block)
            if recorded.decided:
                replayed.append(Replayed(block, decisions))
        return replayed

    def _decisions(self, evaluation: BlockEvaluation) -> Sequence[Decision]:
        return self._policy.decisions_after(self._name, self._evaluator, evaluation, self._gas_price, self._used)


@dataclass(frozen=True, slots=True)
class Difference:
    """A candidate whose decision is not the recorded one; None where one side does not have it."""

    candidate_id: str
    block: int
    recorded: str | None
    replayed: str | None


_OUTSIDE = frozenset({"in_flight", "cooling_down", "venue_held"})
"""Decisions that hang on what was being sent or had failed, which the book does not know: only their candidate is compared."""


def differences(replayed: Sequence[Replayed], recorded: Mapping[str, tuple[int, str]]) -> list[Difference]:
    """Compare with rows of decisions at stage "decide": candidate id to (block, action or skip reason with its expected profit)."""
    now = {str(decision.candidate.id): (item.block.number, words(decision)) for item in replayed for decision in item.decisions}
    result = []
    for candidate_id in sorted(now.keys() | recorded.keys(), key=lambda key: (recorded.get(key) or now[key])[0]):
        before, after = recorded.get(candidate_id), now.get(candidate_id)
        if before is None or after is None or (before[1] != after[1] and before[1] not in _OUTSIDE):
            block = (before or after or (0, ""))[0]
            result.append(Difference(candidate_id, block, before[1] if before else None, after[1] if after else None))
    return result


def words(decision: Decision) -> str:
    """A decision as one text that holds everything decided: action, market, size, or the reason to skip."""
    match decision.choice:
        case Liquidate(plan=plan):
            return f"liquidate {plan.market} {plan.size_x18}"
        case Skip(reason=reason):
            return reason.value
