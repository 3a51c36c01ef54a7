"""A node of canned answers for the venue's questions."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from keeper.domain.chain import Call, CallResult, Reads

T = TypeVar("T")
Answers: TypeAlias = Mapping[tuple[str, bytes], bytes]
"""(contract, calldata) -> what it returns; everything else reverts."""


def run(reads: Reads[T], answers: Answers) -> tuple[T, Sequence[Sequence[Call]]]:
    """The answer to a question, and the batches it asked."""
    batches: list[Sequence[Call]] = []
    results: list[CallResult] | None = None
    while True:
        try:
            calls = next(reads) if results is None else reads.send(results)
        except StopIteration as end:
            return end.value, batches
        batches.append(calls)
        outputs = [answers.get((call.to, call.data)) for call in calls]
        results = [CallResult(False, b"") if one is None else CallResult(True, one) for one in outputs]
