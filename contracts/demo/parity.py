"""How many of the keeper's margins are what the contract says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parity:
    """Comparisons of equity and requirement, to the last unit, how many of them were not equal, and of how many accounts more the contract
    told nothing to compare with."""

    comparisons: int
    mismatches: int
    unknown: int

    def __str__(self) -> str:
        unknown = f", {self.unknown} unknown" if self.unknown else ""
        return f"{self.comparisons:,} comparisons, {self.mismatches} mismatches{unknown}"


def parity(matches: Sequence[bool | None]) -> Parity:
    """Of single comparisons; None where there was nothing to compare with."""
    unknown = matches.count(None)
    return Parity(len(matches) - unknown, matches.count(False), unknown)
