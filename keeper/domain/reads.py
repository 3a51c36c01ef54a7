"""Several questions in one batch."""

from collections.abc import Sequence
from typing import Any, TypeVar

from keeper.domain.chain import Call, CallResult, Reads

A = TypeVar("A")
Z = TypeVar("Z")


def both(first: Reads[A], second: Reads[Z]) -> Reads[tuple[A, Z]]:
    """Both answers in as many rounds as the longer question takes; the calls of a round go in one batch."""
    one, other = _Turn(first), _Turn(second)
    while one.calls is not None or other.calls is not None:
        ours, theirs = one.calls or (), other.calls or ()
        results = yield (*ours, *theirs)
        one.go_on(results[: len(ours)])
        other.go_on(results[len(ours) :])
    return one.answer, other.answer


def all_of(questions: Sequence[Reads[Any]]) -> Reads[Sequence[Any]]:
    """The answers to all of them, in order, in as many rounds as the longest question takes."""
    if not questions:
        return ()
    first, others = yield from both(questions[0], all_of(questions[1:]))
    return (first, *others)


class _Turn:
    """One question under way. `calls` is None once `answer` is known."""

    def __init__(self, reads: Reads[Any]) -> None:
        self._reads = reads
        self.answer: Any = None
        self.calls: Sequence[Call] | None = ()
        self.go_on(None)

    def go_on(self, results: Sequence[CallResult] | None) -> None:
        if self.calls is None:
            return
        try:
            self.calls = next(self._reads) if results is None else self._reads.send(results)
        except StopIteration as end:
            self.calls, self.answer = None, end.value
