"""M9: how much larger the move became than what started it, by three methods whose disagreement is the uncertainty."""

from dataclasses import dataclass

from analytics.models.cascade import Cascade
from analytics.models.figure import Definition, Figure, Scope

GAIN = Definition("M9", "amplification from the gain", "1", "A_gain = x_T / x_0", "assumes the impact law and the snapshot")
OBSERVED = Definition(
    "M9",
    "amplification observed",
    "1",
    "A_obs = |total move| / |move to the first liquidation|",
    "not causal: the rest of the move need not be due to liquidations",
)
HAWKES = Definition("M9", "amplification from branching", "1", "A_hawkes = 1 / (1 - n)", "n is biased up by a varying base rate")


@dataclass(frozen=True, slots=True)
class Amplification:
    """The three figures and their spread (largest over smallest known; None with fewer than two)."""

    gain: Figure
    observed: Figure
    hawkes: Figure

    @property
    def spread(self) -> float | None:
        """Disagreement as a ratio; 1 is full agreement."""
        known = [figure.value for figure in (self.gain, self.observed, self.hawkes) if figure.value]
        return max(known) / min(known) if len(known) > 1 else None


def from_cascade(cascade: Cascade | None, scope: Scope, n: int) -> Figure:
    """A_gain of a simulated cascade over n positions; None when unknown, when there was no exogenous move or it ran away."""
    if cascade is None:
        return GAIN.figure(None, scope, n, note="no depth or no map")
    if not cascade.stopped:
        return GAIN.figure(None, scope, n, note="runaway: no rest within the limit")
    start = float(cascade.reached[0])
    return GAIN.figure(cascade.final / start if start > 0 else None, scope, n)


def observed(before: float, at_first: float, extreme: float, scope: Scope, n: int) -> Figure:
    """A_obs from three prices (USD): before the move, at the first liquidation, at the extreme. n: liquidations."""
    first = abs(at_first - before)
    return OBSERVED.figure(
        abs(extreme - before) / first if first > 0 else None, scope, n, note="" if first > 0 else "liquidations began at once"
    )


def from_branching(branching: Figure) -> Figure:
    """A_hawkes of a branching ratio figure; None at n >= 1 (supercritical). The interval is carried over."""
    scope = Scope(branching.window, branching.quality, branching.coverage)
    n = branching.value
    if n is None or n >= 1:
        why = branching.note if n is None else f"branching ratio {n:.3g}: 1 or more has no finite sum"
        return HAWKES.figure(None, scope, branching.n, note=why)
    interval = None
    if branching.interval is not None and branching.interval[1] < 1:
        interval = (1 / (1 - branching.interval[0]), 1 / (1 - branching.interval[1]))
    return HAWKES.figure(1 / (1 - n), scope, branching.n, interval=interval)
