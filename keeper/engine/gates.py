"""What stands between a decision and a transaction: conditions of the world, results of our own, the operator's word. While a gate is
closed candidates are found, decided and recorded as ever, and none is sent; what is in flight is seen to as ever."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keeper.domain.decision import Decision, Skip
from keeper.domain.skip_reason import SkipReason


def everything(_: Decision) -> bool:
    """The gate is for all decisions."""
    return True


@dataclass(frozen=True, slots=True)
class Gate:
    """`problem` says in one sentence why it is closed, None while it is open; `concerns` which decisions it stops then."""

    reason: SkipReason
    problem: Callable[[], str | None]
    concerns: Callable[[Decision], bool] = everything


class Gates:
    """The gates of one chain, or of one executor. `report` tells the operator once when one closes (its name, a sentence) and once when it
    opens again (None for the sentence)."""

    def __init__(self, gates: Sequence[Gate], report: Callable[[str, str | None], None], executor: str | None = None) -> None:
        self._gates = gates
        self._report = report
        self._executor = executor
        self._closed: set[SkipReason] = set()

    def look(self) -> None:
        """At every gate, whether there is anything to send or not."""
        for gate in self._gates:
            self._problem(gate)

    def stop(self, decision: Decision) -> Skip | None:
        """Why the decision may not be carried out now, by the first closed gate that concerns it."""
        for gate in self._gates:
            if gate.concerns(decision) and (problem := self._problem(gate)) is not None:
                return Skip(gate.reason, problem)
        return None

    def _problem(self, gate: Gate) -> str | None:
        problem = gate.problem()
        if (problem is not None) != (gate.reason in self._closed):
            self._turned(gate, problem)
        return problem

    def _turned(self, gate: Gate, problem: str | None) -> None:
        if problem is None:
            self._closed.discard(gate.reason)
        else:
            self._closed.add(gate.reason)
        self._report(gate.reason.value if self._executor is None else f"{gate.reason.value} of {self._executor}", problem)
