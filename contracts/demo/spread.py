"""Quantiles of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles by the nearest-rank rule, over `n` values."""

    p50: int
    p99: int
    max: int
    n: int

    def __str__(self) -> str:
        return f"p50 {self.p50}, p99 {self.p99}, max {self.max} (n {self.n})"


def spread(values: Sequence[int]) -> Spread:
    """p50, p99 and maximum of whole numbers; zeros for none."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0, 0, 0, 0)
    return Spread(_rank(ordered, 50), _rank(ordered, 99), ordered[-1], len(ordered))


def _rank(ordered: Sequence[int], percent: int) -> int:
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]
