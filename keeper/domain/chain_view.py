"""What a venue's contracts themselves say of one account: its margins, or a verdict alone. Our `Health` is compared with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from keeper.domain.account import AccountKey
from keeper.domain.health import Breach, Health
from keeper.domain.money import Money


@dataclass(frozen=True, slots=True)
class ChainMargins:
    """The contract's own figures."""

    account: AccountKey
    equity: Money
    requirement: Money

    def matches(self, health: Health) -> bool | None:
        """Whether ours are the same, to the last unit."""
        return (health.equity, health.requirement) == (self.equity, self.requirement)


class Verdict(StrEnum):
    """Whether the contract would let the account be liquidated. An answer or a revert that nobody knows is unknown, never healthy."""

    LIQUIDATABLE = "liquidatable"
    HEALTHY = "healthy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """The contract's answer where it tells no figures, and its reason: the contract's own words, or those of a revert. `tests` are the
    venue's tests that the answer is about; of others it says nothing."""

    account: AccountKey
    verdict: Verdict
    reason: str
    tests: frozenset[Breach] = frozenset(Breach)

    def matches(self, health: Health) -> bool | None:
        """Whether these tests of ours come to the same; None where the verdict is unknown."""
        if self.verdict is Verdict.UNKNOWN:
            return None
        return (health.breach in self.tests) == (self.verdict is Verdict.LIQUIDATABLE)


ChainView: TypeAlias = ChainMargins | ChainVerdict
"""Margins wherever the contracts tell them: they prove every unit, a verdict one bit."""
