"""S4's question after a flush: did open interest fall, did funding reset, did liquidations cease? The answer in words with its three
numbers."""

from dataclasses import dataclass

from analytics.models.figure import Figure

LEVERAGE_REMOVED = "leverage removed"
FRAGILITY_REMAINS = "fragility remains"
UNKNOWN = "not known"

LEAST_FLUSH = 0.10
NORMAL_Z = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """`words`, and per question the figure with True, False or None (not known)."""

    words: str
    open_interest_fell: tuple[Figure, bool | None]
    funding_reset: tuple[Figure, bool | None]
    liquidations_ceased: tuple[Figure, bool | None]


def verdict(flush: Figure, funding_z: Figure, liquidated: Figure, liquidated_p75: float) -> Verdict:
    """ "leverage removed" only when all three hold: F >= 10 %, |z| < 0.5 after, and victim USD / open interest below its frozen p75.

    One clear failure makes it "fragility remains"; an unknown figure without a failure makes it "not known"."""
    fell = None if flush.value is None else flush.value >= LEAST_FLUSH
    normal = None if funding_z.value is None else abs(funding_z.value) < NORMAL_Z
    ceased = None if liquidated.value is None else liquidated.value < liquidated_p75
    answers = (fell, normal, ceased)
    words = FRAGILITY_REMAINS if False in answers else UNKNOWN if None in answers else LEVERAGE_REMOVED
    return Verdict(words, (flush, fell), (funding_z, normal), (liquidated, ceased))
