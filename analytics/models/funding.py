"""M21: funding on one scale, how unusual it is, and when it came back to normal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, increasing, same_length
from analytics.models.figure import Definition, Figure, Scope

EXTREME_Z = 1.5
NORMAL_Z = 0.5
SETTLEMENTS = 3

RESET = Definition(
    "M21",
    "funding reset",
    "s",
    "first of 3 settlements with |z| < 0.5 after |z| >= 1.5, as time since the extreme",
    "known only at the third",
)
BASIS = Definition("M21", "basis", "bps", "ln(perp / index) x 10^4")
SETTLEMENT_EFFECT = Definition(
    "M21", "settlement effect", "1", "mean activity within the window around settlements / mean outside", "no causal claim"
)


@dataclass(frozen=True, slots=True)
class Reset:
    """Indices of the extreme, of the first normal settlement, and of the one that confirmed it; None while not (yet) reset."""

    extreme: int
    first_normal: int | None
    confirmed: int | None
    delay: Figure


def eight_hourly(rate: ArrayLike, period_hours: ArrayLike) -> Floats:
    """Rates (fraction per period) as fraction per 8 hours."""
    r = floats("rate", rate)
    period = np.broadcast_to(np.asarray(period_hours, dtype=np.float64), r.shape)
    if not (period > 0).all():
        raise ModelInputError("funding periods must be positive")
    return r * 8 / period


def z_scores(time: ArrayLike, rate: ArrayLike, *, days: float = 90.0, least: int = 30) -> Floats:
    """z of each settlement against the `days` before it (itself excluded); nan with fewer than `least` of them or no variation. Times in
    s."""
    at, r = floats("time", time), floats("rate", rate)
    same_length(time=at, rate=r)
    increasing("time", at, strictly=True)
    first = np.searchsorted(at, at - days * 86400)
    count = np.arange(len(at)) - first
    # Centred on the first rate, for precision: a mean over all of them would let the future move the past by a rounding error.
    centred = r - (r[0] if len(r) else 0.0)
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    squares = np.concatenate([[0.0], np.cumsum(centred**2)])
    index = np.arange(len(at))
    enough = count >= max(least, 2)
    n = np.where(enough, count, 2)
    mean = (sums[index] - sums[first]) / n
    variance = ((squares[index] - squares[first]) - n * mean**2) / (n - 1)
    usable = enough & (variance > 1e-12 * np.maximum(mean**2, 1e-18))
    return np.where(usable, (centred - mean) / np.sqrt(np.where(usable, variance, 1.0)), np.nan)


def reset(time: ArrayLike, z: ArrayLike, scope: Scope) -> Reset | None:
    """The first reset after the first extreme; None when funding was never extreme."""
    at, score = floats("time", time), floats("z", z)
    same_length(time=at, z=score)
    extremes = np.flatnonzero(np.abs(score) >= EXTREME_Z)
    if not len(extremes):
        return None
    start = int(extremes[0])
    normal = (np.abs(score[start:]) < NORMAL_Z).astype(np.int64)
    if len(normal) >= SETTLEMENTS:
        calm = np.flatnonzero(np.convolve(normal, np.ones(SETTLEMENTS, np.int64), "valid") == SETTLEMENTS)
        if len(calm):
            first = start + int(calm[0])
            delay = RESET.figure(float(at[first] - at[start]), scope, first + SETTLEMENTS - start)
            return Reset(start, first, first + SETTLEMENTS - 1, delay)
    return Reset(start, None, None, RESET.figure(None, scope, len(normal), note="not reset while observed"))


def basis(perpetual: float, index: float, scope: Scope) -> Figure:
    """Log basis of a perpetual price over its index."""
    if perpetual <= 0 or index <= 0:
        raise ModelInputError("prices must be positive")
    return BASIS.figure(float(np.log(perpetual / index)) * 1e4, scope, 1)


def settlement_effect(minute: ArrayLike, activity: ArrayLike, settlements: ArrayLike, within: float, scope: Scope) -> Figure:
    """Mean activity per minute bar within `within` minutes of a settlement over the mean of the other bars."""
    at, values, settled = floats("minute", minute), floats("activity", activity), np.sort(floats("settlements", settlements))
    n = same_length(minute=at, activity=values)
    if not len(settled):
        return SETTLEMENT_EFFECT.figure(None, scope, n, note="no settlements")
    right = np.clip(np.searchsorted(settled, at), 0, len(settled) - 1)
    nearest = np.minimum(np.abs(settled[right] - at), np.abs(settled[np.maximum(right - 1, 0)] - at))
    near = nearest <= within
    if not near.any() or near.all() or values[~near].mean() == 0:
        return SETTLEMENT_EFFECT.figure(None, scope, n, note="nothing to compare with")
    return SETTLEMENT_EFFECT.figure(float(values[near].mean() / values[~near].mean()), scope, n)
