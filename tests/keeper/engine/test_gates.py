"""A gate tells once that it has closed and once that it is open again, and names what it stops."""

from dataclasses import dataclass

from keeper.domain.decision import Decision, Skip
from keeper.domain.skip_reason import SkipReason
from keeper.engine.gates import Gate, Gates
from tests.keeper.engine.decided import decision_of

ALICE = decision_of("0xa")


@dataclass
class _Problem:
    words: str | None = None

    def __call__(self) -> str | None:
        return self.words


def test_while_all_are_open_nothing_is_stopped_and_nothing_told() -> None:
    told: list[tuple[str, str | None]] = []
    gates = Gates([Gate(SkipReason.REORG_STORM, _Problem())], lambda name, problem: told.append((name, problem)))
    gates.look()
    assert (gates.stop(ALICE), told) == (None, [])


def test_closing_and_opening_are_told_once_each_whatever_is_asked_meanwhile() -> None:
    """The words may change while it is closed; the skip has the newest."""
    told: list[tuple[str, str | None]] = []
    problem = _Problem("deep")
    gates = Gates([Gate(SkipReason.REORG_STORM, problem)], lambda name, words: told.append((name, words)))
    assert gates.stop(ALICE) == Skip(SkipReason.REORG_STORM, "deep")
    problem.words = "deeper"
    assert gates.stop(ALICE) == Skip(SkipReason.REORG_STORM, "deeper")
    problem.words = None
    gates.look()
    assert gates.stop(ALICE) is None
    assert told == [("reorg_storm", "deep"), ("reorg_storm", None)]


def test_the_first_closed_gate_names_the_skip_and_a_look_tells_of_every_one() -> None:
    told: list[str] = []
    gates = Gates(
        [Gate(reason, _Problem("shut")) for reason in (SkipReason.KILL_SWITCH, SkipReason.LOSS_LIMIT)],
        lambda name, _: told.append(name),
        "hot",
    )
    assert gates.stop(ALICE) == Skip(SkipReason.KILL_SWITCH, "shut")
    assert told == ["kill_switch of hot"]
    gates.look()
    assert told == ["kill_switch of hot", "loss_limit of hot"]


def test_a_gate_lets_pass_what_does_not_concern_it() -> None:
    """It is told all the same, with the next look."""
    told: list[str] = []

    def concerns(decision: Decision) -> bool:
        return decision.candidate.account == "0xb"

    gates = Gates([Gate(SkipReason.QUOTES_STALE, _Problem("old"), concerns)], lambda name, _: told.append(name))
    assert gates.stop(ALICE) is None
    gates.look()
    assert told == ["quotes_stale"]
    assert gates.stop(decision_of("0xb")) == Skip(SkipReason.QUOTES_STALE, "old")
