"""M22's test of seed S4: after declines that reset leverage, are the next liquidations fewer and the recovery faster than after like
declines?"""

from dataclasses import dataclass

import numpy as np

from analytics.models.arrays import Floats, Ints, ModelInputError, same_length
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.resampling import holm, stationary_indices

_MATCHED = "declines matched on size, volatility and hour; nearest neighbour with replacement"
LIQUIDATED = Definition("M22", "next 24 h liquidated, reset less matched", "1 of open interest", "mean difference of pairs", _MATCHED)
RETRACEMENT = Definition("M22", "hours to half retracement, reset less matched", "h", "mean difference of pairs", _MATCHED)
_LEAST_PAIRS = 5
_DRAWS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Declines:
    """Declines in time order: log size (> 0), volatility before, UTC hour; outcomes: victim USD / open interest of the next 24 h, and
    hours to half retracement (cap censored ones at the horizon)."""

    size: Floats
    volatility: Floats
    hour: Floats
    liquidated_next: Floats
    half_retracement: Floats

    def __post_init__(self) -> None:
        same_length(
            size=self.size,
            volatility=self.volatility,
            hour=self.hour,
            liquidated_next=self.liquidated_next,
            half_retracement=self.half_retracement,
        )

    def features(self) -> Floats:
        """Matching coordinates; the hour on a circle, so that 23 and 0 are neighbours."""
        angle = self.hour * np.pi / 12
        return np.column_stack([np.log(self.size), np.log(self.volatility), np.cos(angle), np.sin(angle)])


@dataclass(frozen=True, slots=True)
class Comparison:
    """One outcome: the mean difference with its 95 % interval, the Holm-adjusted two-sided p-value, and its range leaving one event out."""

    difference: Figure
    p_value: float | None
    leave_one_out: tuple[float, float] | None


def compare(
    reset: Declines, other: Declines, scope: Scope, rng: np.random.Generator, mean_block: float = 2.0
) -> tuple[Comparison, Comparison]:
    """(next liquidations, half retracement) of confirmed resets less matched declines without a fall of open interest.

    Stationary bootstrap over pairs in time order. Fewer than five pairs give no figure."""
    if not len(other.size):
        raise ModelInputError("no declines to match with")
    match = nearest(reset, other)
    outcomes = (
        (LIQUIDATED, reset.liquidated_next - other.liquidated_next[match]),
        (RETRACEMENT, reset.half_retracement - other.half_retracement[match]),
    )
    n = len(match)
    if n < _LEAST_PAIRS:
        note = f"fewer than {_LEAST_PAIRS} resets"
        unknown, unknown_too = (Comparison(definition.figure(None, scope, n, note=note), None, None) for definition, _ in outcomes)
        return unknown, unknown_too
    drawn = stationary_indices(n, mean_block, _DRAWS, rng)
    adjusted = holm([_p_value(pairs, drawn) for _, pairs in outcomes])
    first, second = (_comparison(d, pairs, drawn, p, scope) for (d, pairs), p in zip(outcomes, adjusted, strict=True))
    return first, second


def nearest(reset: Declines, other: Declines) -> Ints:
    """For each reset, the closest other decline in standardised coordinates."""
    both = np.vstack([reset.features(), other.features()])
    spread = both.std(axis=0)
    scaled = both / np.where(spread > 0, spread, 1.0)
    own, rest = scaled[: len(reset.size)], scaled[len(reset.size) :]
    distance = ((own[:, None, :] - rest[None, :, :]) ** 2).sum(axis=2)
    closest: Ints = np.argmin(distance, axis=1).astype(np.int64)
    return closest


def _p_value(pairs: Floats, drawn: Ints) -> float:
    mean = pairs.mean()
    extreme = int((np.abs(pairs[drawn].mean(axis=1) - mean) >= abs(mean)).sum())
    return (1 + extreme) / (1 + len(drawn))


def _comparison(definition: Definition, pairs: Floats, drawn: Ints, p_value: float, scope: Scope) -> Comparison:
    low, high = (float(x) for x in np.percentile(pairs[drawn].mean(axis=1), [2.5, 97.5]))
    without = (pairs.sum() - pairs) / (len(pairs) - 1)
    figure = definition.figure(float(pairs.mean()), scope, len(pairs), interval=(low, high))
    return Comparison(figure, p_value, (float(without.min()), float(without.max())))
