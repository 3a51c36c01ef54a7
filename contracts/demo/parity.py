"""How many of the keeper's margins are what the contract says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parity:
    """Comparisons of equity and requirement, to the last unit, and how many of them were not equal."""

    comparisons: int
    mismatches: int

    def __str__(self) -> str:
        return f"{self.comparisons:,} comparisons, {self.mismatches} mismatches"


def parity(matches: Sequence[bool]) -> Parity:
    """Of single comparisons."""
    return Parity(len(matches), matches.count(False))
