"""M13: how depth comes back after a shock."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, Ints, ModelInputError, floats, increasing, same_length
from analytics.models.figure import Definition, Figure, Scope

HALF_LIFE = Definition(
    "M13",
    "depth recovery half-life",
    "s",
    "tau ln 2 of D(t)/D0 = 1 - c e^{-t/tau}",
    "exponential form assumed; power-law recovery exists, see Kaplan-Meier",
)
MEDIAN_RECOVERY = Definition(
    "M13", "median time to recovery", "s", "Kaplan-Meier time at which survival falls to 1/2", "censored shocks count while observed"
)


@dataclass(frozen=True, slots=True, eq=False)
class Survival:
    """Kaplan-Meier curve: at each recovery time (s) the share of shocks not yet recovered."""

    time: Floats
    survival: Floats
    median: Figure


def shocks(times: ArrayLike, depth: ArrayLike, *, drop: float = 0.5, within_s: float = 10.0) -> Ints:
    """Indices where depth first stands more than `drop` below its maximum of the preceding `within_s`; again only after it regained that
    line.

    The caller removes depth consumed by trades first: a shock is exogenous withdrawal."""
    at, d = floats("times", times), floats("depth", depth)
    same_length(times=at, depth=d)
    increasing("times", at, strictly=True)
    found: list[int] = []
    line = 0.0
    first = np.searchsorted(at, at - within_s)
    for i in range(len(at)):
        reference = float(d[first[i] : i + 1].max())
        if d[i] < line:
            continue
        line = 0.0
        if d[i] < (1 - drop) * reference:
            found.append(i)
            line = (1 - drop) * reference
    return np.array(found, dtype=np.int64)


def half_life(since_shock: ArrayLike, ratio: ArrayLike, scope: Scope) -> Figure:
    """Least-squares half-life of D(t)/D0 against time since the shock (s); None with fewer than four points or no sign of recovery."""
    from scipy.optimize import curve_fit  # loads for half a second, which every command would pay

    t, y = floats("since_shock", since_shock), floats("ratio", ratio)
    n = same_length(since_shock=t, ratio=y)
    if n < 4 or not (y < 1).any() or np.ptp(y) == 0 or t[-1] <= t[0]:
        return HALF_LIFE.figure(None, scope, n, note="too few points or no recovery to fit")
    start = (max(1 - float(y[0]), 0.05), float(t[-1] - t[0]) / 4)
    (_, tau), covariance = curve_fit(lambda x, c, tau: 1 - c * np.exp(-x / tau), t, y, p0=start, bounds=([0, 1e-9], [1, np.inf]))
    error = float(np.sqrt(covariance[1, 1])) * np.log(2)
    value = float(tau) * np.log(2)
    return HALF_LIFE.figure(value, scope, n, interval=(max(value - 1.96 * error, 0.0), value + 1.96 * error))


def survival(durations: ArrayLike, recovered: ArrayLike, scope: Scope) -> Survival:
    """Kaplan-Meier of times to recovery (s); `recovered` False marks a shock still open when observation ended."""
    t = floats("durations", durations)
    seen = np.asarray(recovered, dtype=np.bool_)
    n = same_length(durations=t, recovered=seen)
    if n == 0:
        raise ModelInputError("no shocks: no survival curve")
    event_times = np.unique(t[seen])
    at_risk = np.array([(t >= x).sum() for x in event_times], dtype=np.float64)
    events = np.array([((t == x) & seen).sum() for x in event_times], dtype=np.float64)
    curve: Floats = np.cumprod(1 - events / at_risk).astype(np.float64)
    half = np.flatnonzero(curve <= 0.5)
    median = float(event_times[half[0]]) if len(half) else None
    note = "" if median is not None else "fewer than half recovered while observed"
    return Survival(event_times, curve, MEDIAN_RECOVERY.figure(median, scope, n, note=note))
