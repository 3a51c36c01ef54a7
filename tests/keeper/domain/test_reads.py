"""Questions of any number of rounds cost as many batches as the longest one, and each gets its own answers."""

from collections.abc import Sequence
from typing import Any

import pytest

from keeper.domain.chain import Address, Call, CallResult, Reads
from keeper.domain.reads import all_of, both


def _asking(name: str, *rounds: int) -> Reads[list[bytes]]:
    """So many calls in each round; answers with all that it was told."""
    told: list[bytes] = []
    for number, count in enumerate(rounds):
        results = yield [Call(Address(name), bytes([number, each])) for each in range(count)]
        told += [result.data for result in results]
    return told


def _run(question: Reads[Any]) -> tuple[int, Any]:
    """Batches, and the answer: every call is answered with whom it was for and what it said."""
    batches = 0
    try:
        calls = next(question)
        while True:
            batches += 1
            calls = question.send([CallResult(True, call.to.encode() + call.data) for call in calls])
    except StopIteration as end:
        return batches, end.value


@pytest.mark.parametrize(("first", "second"), [((2, 1), (3,)), ((1,), (1, 2, 1)), ((), (2,)), ((1,), ()), ((), ()), ((0, 1), (1, 0))])
def test_both_get_their_own(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    batches, (ours, theirs) = _run(both(_asking("a", *first), _asking("b", *second)))
    assert batches == max(len(first), len(second))
    assert ours == [b"a" + bytes([number, each]) for number, count in enumerate(first) for each in range(count)]
    assert theirs == [b"b" + bytes([number, each]) for number, count in enumerate(second) for each in range(count)]


@pytest.mark.parametrize("rounds", [(), ((2,),), ((1, 1), (), (3, 0, 1))])
def test_all_of_them_get_their_own(rounds: Sequence[tuple[int, ...]]) -> None:
    batches, answers = _run(all_of([_asking(name, *counts) for name, counts in zip("abc", rounds, strict=False)]))
    assert batches == max(map(len, rounds), default=0)
    assert list(answers) == [
        [name.encode() + bytes([number, each]) for number, count in enumerate(counts) for each in range(count)]
        for name, counts in zip("abc", rounds, strict=False)
    ]
