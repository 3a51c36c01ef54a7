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


@dataclass(frozen=True, slots=True, eq=False)
class LeadLag:
    """Cross-correlation rho at each lag (s), the lag of its extreme and the ratio of the two sides."""

    lags: Floats
    rho: Floats
    lag: Figure
    ratio: Figure


def lead_lag(
    first_time: ArrayLike, first_price: ArrayLike, second_time: ArrayLike, second_price: ArrayLike, lags: ArrayLike, scope: Scope
) -> LeadLag:
    """rho(l) = sum r_A r_B 1{I_A meets J_B - l} / sqrt(sum r_A^2 sum r_B^2) on ticks of log price. Times in s, strictly increasing."""
    a, b = floats("first_time", first_time), floats("second_time", second_time)
    increasing("first_time", a, strictly=True)
    increasing("second_time", b, strictly=True)
    r_a, r_b = _returns("first_price", first_price, a), _returns("second_price", second_price, b)
    grid = floats("lags", lags)
    scale = float(np.sqrt((r_a @ r_a) * (r_b @ r_b)))
    if scale == 0:
        raise ModelInputError("a price never moves: no correlation")
    rho = np.array([_overlapping(a, r_a, b - lag, r_b) for lag in grid]) / scale
    after, before = float(np.sum(rho[grid > 0] ** 2)), float(np.sum(rho[grid < 0] ** 2))
    n = min(len(r_a), len(r_b))
    return LeadLag(
        grid, rho, LAG.figure(float(grid[np.argmax(np.abs(rho))]), scope, n), LLR.figure(after / before if before > 0 else None, scope, n)
    )


def _returns(name: str, price: ArrayLike, time: Floats) -> Floats:
    values = floats(name, price)
    same_length(time=time, price=values)
    not_negative(name, values)
    if len(values) < 2:
        raise ModelInputError(f"{name} has fewer than two ticks")
    return np.diff(np.log(values))


def _overlapping(a: Floats, r_a: Floats, b: Floats, r_b: Floats) -> float:
    """Sum of products of returns over half-open intervals (a_i, a_i+1] and (b_j, b_j+1] that overlap."""
    cumulative = np.concatenate([[0.0], np.cumsum(r_b)])
    begin = np.searchsorted(b[1:], a[:-1], side="right")
    stop = np.searchsorted(b[:-1], a[1:], side="left")
    return float(r_a @ (cumulative[np.maximum(stop, begin)] - cumulative[begin]))
