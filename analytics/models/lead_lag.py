"""M16: which of two venues moves first, by the Hayashi-Yoshida estimator on asynchronous prices (Hayashi and Yoshida 2005; Huth and
Abergel 2014)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, increasing, not_negative, same_length
from analytics.models.figure import Definition, Figure, Scope

LAG = Definition(
    "M16",
    "lead of the first venue",
    "s",
    "argmax over lags l of |rho(l)|, positive: the first venue leads",
    "clock errors and block times shift it",
)
LLR = Definition("M16", "lead-lag ratio", "1", "sum_{l>0} rho^2 / sum_{l<0} rho^2", "above 1 the first venue leads")

_BLOCKS, _DRAWS = 20, 500


@dataclass(frozen=True, slots=True, eq=False)
class LeadLag:
    """Cross-correlation rho at each lag (s), the lag of its extreme and the ratio of the two sides."""

    lags: Floats
    rho: Floats
    lag: Figure
    ratio: Figure


def lead_lag(
    first_time: ArrayLike,
    first_price: ArrayLike,
    second_time: ArrayLike,
    second_price: ArrayLike,
    lags: ArrayLike,
    scope: Scope,
    rng: np.random.Generator | None = None,
) -> LeadLag:
    """rho(l) = sum r_A r_B 1{I_A meets J_B - l} / sqrt(sum r_A^2 sum r_B^2) on ticks of log price. Times in s, strictly increasing.

    With `rng` the lag has a 95 % interval: a bootstrap of twenty blocks of equal time."""
    a, b = floats("first_time", first_time), floats("second_time", second_time)
    increasing("first_time", a, strictly=True)
    increasing("second_time", b, strictly=True)
    r_a, r_b = _returns("first_price", first_price, a), _returns("second_price", second_price, b)
    grid = floats("lags", lags)
    scale = float(np.sqrt((r_a @ r_a) * (r_b @ r_b)))
    if scale == 0:
        raise ModelInputError("a price never moves: no correlation")
    parts = _by_block(a, r_a, b, r_b, grid) if len(r_a) <= len(r_b) else _by_block(b, r_b, a, r_a, -grid)
    rho = parts.sum(axis=1) / scale
    after, before = float(np.sum(rho[grid > 0] ** 2)), float(np.sum(rho[grid < 0] ** 2))
    n = min(len(r_a), len(r_b))
    lag = LAG.figure(float(grid[np.argmax(np.abs(rho))]), scope, n, interval=_interval(grid, parts, rng) if rng else None)
    return LeadLag(grid, rho, lag, LLR.figure(after / before if before > 0 else None, scope, n))


def _interval(lags: Floats, parts: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Of the lag, from sums over blocks drawn again."""
    drawn = rng.multinomial(_BLOCKS, np.full(_BLOCKS, 1 / _BLOCKS), _DRAWS) @ parts.T
    low, high = np.percentile(lags[np.argmax(np.abs(drawn), axis=1)], [2.5, 97.5], method="nearest")
    return float(low), float(high)


def _returns(name: str, price: ArrayLike, time: Floats) -> Floats:
    values = floats(name, price)
    same_length(time=time, price=values)
    not_negative(name, values)
    if len(values) < 2:
        raise ModelInputError(f"{name} has fewer than two ticks")
    return np.diff(np.log(values))


def _by_block(a: Floats, r_a: Floats, b: Floats, r_b: Floats, lags: Floats) -> Floats:
    """Sums of products of overlapping returns, lag by block of equal time. Intervals are (a_i, a_i+1] and (b_j, b_j+1], b earlier by a lag.

    Every return of `a` is looked up in `b`: cheaper when `a` is the shorter one, and where it is 0 it adds nothing."""
    moved = r_a != 0
    start, end, returns = a[:-1][moved], a[1:][moved], r_a[moved]
    block = np.minimum(((start - a[0]) / (a[-1] - a[0]) * _BLOCKS).astype(np.int64), _BLOCKS - 1)
    cumulative = np.concatenate([[0.0], np.cumsum(r_b)])
    sums = np.zeros((len(lags), _BLOCKS))
    for place, lag in enumerate(lags):
        begin = np.searchsorted(b[1:], start + lag, side="right")
        stop = np.searchsorted(b[:-1], end + lag, side="left")
        products = returns * (cumulative[np.maximum(stop, begin)] - cumulative[begin])
        sums[place] = np.bincount(block, products, _BLOCKS)
    return sums
