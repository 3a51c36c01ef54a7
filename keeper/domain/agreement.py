"""What several endpoints say to the same question at the same block, made one answer where it can be. Pure."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Agreement(Generic[V]):
    """The answer that counts, and the endpoints that gave another."""

    value: V
    dissenters: tuple[str, ...] = ()


def agreement(opinions: Sequence[tuple[str, V]]) -> Agreement[V] | None:
    """What all of them say, or more than half of three and more; None when that is nothing: two that differ, or nobody who answers.

    `opinions` are (endpoint, answer), one per endpoint."""
    if not opinions:
        return None
    value, votes = Counter(answer for _, answer in opinions).most_common(1)[0]
    if 2 * votes <= len(opinions):
        return None
    return Agreement(value, tuple(endpoint for endpoint, answer in opinions if answer != value))
