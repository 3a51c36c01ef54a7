"""M27: do assets fall, and get liquidated, together more than calm times and volatility alone explain?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Bools, Floats, ModelInputError, floats, same_length
from analytics.models.figure import Definition, Figure, Scope

EWMA = Definition("M27", "EWMA correlation", "1", "exponentially weighted correlation of returns, means taken as 0")
TAIL = Definition(
    "M27",
    "tail correlation",
    "1",
    "correlation over observations where the first asset is below its quantile",
    "raised by selection: see the correction",
)
CORRECTED = Definition(
    "M27",
    "corrected stress correlation",
    "1",
    "rho / sqrt(1 + delta (1 - rho^2)), delta = Var_stress / Var_calm - 1",
    "Forbes and Rigobon 2002; no omitted common factor assumed",
)
LIFT = Definition("M27", "co-liquidation lift", "1", "P(AB) / (P(A) P(B)) over bins", "1 is independence")


@dataclass(frozen=True, slots=True)
class Stress:
    """Calm and stress correlation, the latter as seen and corrected for the first asset's higher variance; `variance_rise` is delta."""

    calm: float
    stressed: float
    variance_rise: float
    corrected: Figure


def ewma(first: ArrayLike, second: ArrayLike, half_life: float, scope: Scope) -> Figure:
    """Correlation with weights halving every `half_life` observations, newest last; None when one never moves."""
    a, b = floats("first", first), floats("second", second)
    n = same_length(first=a, second=b)
    if half_life <= 0:
        raise ModelInputError("the half-life must be positive")
    weight = 0.5 ** (np.arange(n)[::-1] / half_life)
    scale = float(np.sqrt(np.sum(weight * a**2) * np.sum(weight * b**2)))
    return EWMA.figure(float(np.sum(weight * a * b)) / scale if scale > 0 else None, scope, n)


def tail(first: ArrayLike, second: ArrayLike, quantile: float, scope: Scope) -> Figure:
    """Correlation where the first asset's return is at or below its `quantile`; None with fewer than ten observations."""
    a, b = floats("first", first), floats("second", second)
    same_length(first=a, second=b)
    below = a <= np.quantile(a, quantile) if len(a) else np.zeros(0, np.bool_)
    n = int(below.sum())
    if n < 10:
        return TAIL.figure(None, scope, n, note="fewer than ten tail observations")
    return TAIL.figure(_correlation(a[below], b[below]), scope, n)


def forbes_rigobon(correlation: float, variance_rise: float) -> float:
    """rho / sqrt(1 + delta (1 - rho^2)): the correlation the calm variance would have shown."""
    if not -1 <= correlation <= 1 or variance_rise <= -1:
        raise ModelInputError("need |rho| <= 1 and delta > -1")
    return float(correlation / np.sqrt(1 + variance_rise * (1 - correlation**2)))


def stress(first: ArrayLike, second: ArrayLike, stressed: ArrayLike, scope: Scope) -> Stress:
    """Calm against stressed correlation of the second asset with the first (whose variance rises). `stressed` marks observations."""
    a, b = floats("first", first), floats("second", second)
    under: Bools = np.asarray(stressed, dtype=np.bool_)
    same_length(first=a, second=b, stressed=under)
    n = int(under.sum())
    if n < 3 or len(a) - n < 3:
        raise ModelInputError("need at least three calm and three stressed observations")
    calm, seen = _correlation(a[~under], b[~under]), _correlation(a[under], b[under])
    rise = float(a[under].var(ddof=1) / a[~under].var(ddof=1)) - 1
    return Stress(calm, seen, rise, CORRECTED.figure(forbes_rigobon(seen, rise), scope, n, note=f"delta {rise:.2f}"))


def lift(first: ArrayLike, second: ArrayLike, scope: Scope) -> Figure:
    """How much more often both assets are liquidated in one bin than if independent. Inputs: booleans per time bin."""
    a, b = np.asarray(first, dtype=np.bool_), np.asarray(second, dtype=np.bool_)
    n = same_length(first=a, second=b)
    expected = float(a.mean() * b.mean()) if n else 0.0
    value = float((a & b).mean()) / expected if expected > 0 else None
    return LIFT.figure(value, scope, n, note="" if value is not None else "one of them was never liquidated")


def _correlation(a: Floats, b: Floats) -> float:
    scale = float(a.std() * b.std())
    if scale == 0:
        raise ModelInputError("a series does not vary: no correlation")
    return float(np.mean((a - a.mean()) * (b - b.mean()))) / scale
