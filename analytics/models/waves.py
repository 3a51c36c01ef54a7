"""M8: waves of one episode, structural (from the map and an impact law) and observational (from the price path), and their overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, Ints, ModelInputError, floats, increasing, not_negative, same_length
from analytics.models.cascade import Cascade, Impact, level_impact, propagate
from analytics.models.figure import Definition, Figure, Scope

NEVER = -1
"""The wave of a position that was not reached."""

OVERLAP = Definition(
    "M8",
    "wave overlap",
    "1",
    "Jaccard of the pairs of victims that two labellings put into one wave",
    "labels need not agree, only the grouping",
)


@dataclass(frozen=True, slots=True, eq=False)
class Structural:
    """Wave number per position (input order; NEVER when not reached) and the cascade that reached them."""

    wave: Ints
    cascade: Cascade


@dataclass(frozen=True, slots=True, eq=False)
class Observational:
    """Start time (s) and price extreme at the start of each wave."""

    start: Floats
    extreme: Floats

    def label(self, times: ArrayLike) -> Ints:
        """Wave number of events at these times (s): the last wave begun at or before; NEVER before the first."""
        return np.searchsorted(self.start, floats("times", times), side="right").astype(np.int64) - 1


def structural(displacement: ArrayLike, quantity: ArrayLike, x0: float, impact_of_quantity: Impact) -> Structural:
    """Wave 0: positions inside the exogenous move x0; wave k+1: those reached only after the impact of waves <= k.

    `displacement`: |p* - mark| (USD) on the side of the move, from a pre-event snapshot; `quantity`: base."""
    away, base = floats("displacement", displacement), floats("quantity", quantity)
    same_length(displacement=away, quantity=base)
    not_negative("displacement", away)
    order = np.argsort(away, kind="stable")
    farthest = float(away.max(initial=0.0))
    steps = level_impact(away[order], base[order], impact_of_quantity)
    return along(away, x0, steps, limit=x0 + steps(farthest))


def along(displacement: ArrayLike, x0: float, impact: Impact, *, limit: float) -> Structural:
    """`structural` with the impact given as a displacement, e.g. the integral of a gain curve: what everything liquidated within a
    displacement adds to it (USD)."""
    away = floats("displacement", displacement)
    cascade = propagate(x0, impact, limit=limit)
    wave = np.searchsorted(cascade.reached, away, side="left").astype(np.int64)
    return Structural(np.where(away <= cascade.final, wave, NEVER), cascade)


def observational(times: ArrayLike, prices: ArrayLike, direction: int, *, pause_s: float = 30.0, retracement: float = 0.2) -> Observational:
    """A new wave begins at a new price extreme at least `pause_s` after the last one, or after a retracement of >= 20 % of the move so far.

    `direction` -1 for an episode of long liquidations (extremes are lows), +1 for shorts. Times in s, sorted; prices in USD."""
    at, price = floats("times", times), floats("prices", prices)
    same_length(times=at, prices=price)
    increasing("times", at)
    if direction not in (-1, 1):
        raise ModelInputError("direction is -1 (falling) or +1 (rising)")
    if len(at) == 0:
        return Observational(np.array([]), np.array([]))
    progress = direction * (price - price[0])
    best = np.maximum.accumulate(progress)
    news = np.flatnonzero(progress > np.concatenate([[-np.inf], best[:-1]]))
    worst_between = np.minimum.reduceat(progress, news)[:-1]
    before = progress[news[:-1]]
    retraced = (before > 0) & (before - worst_between >= retracement * before)
    begins = (np.diff(at[news]) >= pause_s) | retraced
    chosen = news[np.concatenate([[True], begins])]
    return Observational(at[chosen], price[chosen])


def overlap(first: ArrayLike, second: ArrayLike, scope: Scope) -> Figure:
    """Pair-counting Jaccard of two wave labellings of the same victims; victims without a wave in either are left out."""
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    same_length(first=a, second=b)
    used = (a != NEVER) & (b != NEVER)
    left_out = int((~used).sum())
    note = f"{left_out} victims without a wave in one labelling" if left_out else ""
    a, b = a[used], b[used]
    together = _pairs(np.unique(np.column_stack([a, b]), axis=0, return_counts=True)[1])
    either = _pairs(np.unique(a, return_counts=True)[1]) + _pairs(np.unique(b, return_counts=True)[1]) - together
    return OVERLAP.figure(together / either if either else None, scope, len(a), note=note)


def _pairs(counts: Ints) -> int:
    return int((counts * (counts - 1) // 2).sum())
