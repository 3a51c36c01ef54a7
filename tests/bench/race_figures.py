"""What races came to, and what they were to come to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

from tests.bench.floor import Floor

MOST_P50, MOST_P99, LEAST_SHARE, MOST_REVERTS = 4.0, 12.0, 0.60, 0.05
"""Seen to sent in floors, share of the liquidations, share of the attempts that revert other than by a lost race."""
_LOST_RACE, _REVERTED, _DROPPED = "outbid", "reverted", "dropped"


@dataclass(frozen=True, slots=True)
class Attempts:
    """Our own in blocks, one for each candidate of a transaction. A lost race is a revert behind a rival who took the account first;
    `lost_race_gas` is what those used."""

    mined: int
    lost_races: int
    lost_race_gas: int
    other_reverts: int

    @property
    def revert_share(self) -> float:
        """Of the mined ones, those that reverted for another reason than a lost race; 0 for none."""
        return self.other_reverts / self.mined if self.mined else 0.0


@dataclass(frozen=True, slots=True)
class Stages:
    """Milliseconds a candidate took for each stage: from the arrival of the block that led to it until it was decided about, until its
    pre-check had passed, until its signed transaction was in the outbox, until the node had taken it."""

    decided: float
    checked: float
    committed: float
    sent: float

    @property
    def total(self) -> float:
        """Seen to sent."""
        return self.decided + self.checked + self.committed + self.sent


@dataclass(frozen=True, slots=True)
class Taken:
    """Liquidations of one side, their notional at the mark price, and what its worth in the venue and in tokens grew by, before gas."""

    liquidations: int
    notional_usd: float
    profit_usd: float


@dataclass(frozen=True, slots=True)
class Race:
    """One seed. `candidates` are those a transaction was sent for, each with the stages of the first one. `won` is ours, `lost` the
    rival's; `reasons` counts what stopped us where we lost, `reverts` what the chain said to those of ours that lost no race;
    `tips_wei` are the least and the highest tip of our transactions."""

    seed: int
    candidates: tuple[Stages, ...]
    floor: Floor
    won: Taken
    lost: Taken
    reasons: Mapping[str, int]
    reverts: Mapping[str, int]
    tips_wei: tuple[int, int]
    attempts: Attempts

    @property
    def floors(self) -> tuple[float, ...]:
        """Seen to sent, in floors of the same run."""
        return tuple(stages.total / self.floor.total_ms for stages in self.candidates)

    @property
    def share(self) -> float:
        """Liquidations won, of all that either took; 0 where neither took any."""
        return _share(self.won.liquidations, self.lost.liquidations)

    @property
    def notional_share(self) -> float:
        """The same by notional: who takes an account in parts has more liquidations."""
        return _share(self.won.notional_usd, self.lost.notional_usd)

    def quantile_ms(self, percent: int) -> float:
        """Of seen to sent."""
        return quantile([stages.total for stages in self.candidates], percent)


@dataclass(frozen=True, slots=True)
class Results:
    """Of all races together. `p50` and `p99` are in floors, each candidate's in that of its own run."""

    p50: float
    p99: float
    share: float
    revert_share: float

    def verdicts(self) -> Mapping[str, bool]:
        """What was to come out, and whether it did."""
        return {
            f"seen to sent p50 {self.p50:.1f} floors, at most {MOST_P50:.0f}": self.p50 <= MOST_P50,
            f"seen to sent p99 {self.p99:.1f} floors, at most {MOST_P99:.0f}": self.p99 <= MOST_P99,
            f"median share {self.share:.1%}, at least {LEAST_SHARE:.0%}": self.share >= LEAST_SHARE,
            f"reverts but lost races {self.revert_share:.1%}, at most {MOST_REVERTS:.0%}": self.revert_share <= MOST_REVERTS,
        }


def attempts(outcomes: Sequence[Mapping[str, Any]]) -> Attempts:
    """Of rows (outcome, n, gas). What was dropped was never in a block."""
    counts = Counter({row["outcome"]: row["n"] for row in outcomes})
    lost_race_gas = sum(row["gas"] for row in outcomes if row["outcome"] == _LOST_RACE)
    return Attempts(counts.total() - counts[_DROPPED], counts[_LOST_RACE], lost_race_gas, counts[_REVERTED])


def results(races: Sequence[Race]) -> Results:
    """At least one race with a candidate in it."""
    floors = [value for race in races for value in race.floors]
    mined = sum(race.attempts.mined for race in races)
    other_reverts = sum(race.attempts.other_reverts for race in races)
    return Results(
        p50=quantile(floors, 50),
        p99=quantile(floors, 99),
        share=median(race.share for race in races),
        revert_share=other_reverts / mined if mined else 0.0,
    )


def quantile(values: Sequence[float], percent: int) -> float:
    """By the nearest-rank rule: a value that occurred. Raises ValueError for none."""
    if not values:
        raise ValueError("a quantile of nothing")
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


def _share(won: float, lost: float) -> float:
    return won / (won + lost) if won + lost else 0.0
