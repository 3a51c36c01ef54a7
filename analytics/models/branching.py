"""M11: the branching ratio n of liquidations (expected direct children per event), with the traps that inflate it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.stats import kstest

from analytics.models.arrays import Floats, Ints, ModelInputError, floats, not_negative, same_length
from analytics.models.change_points import segmentations
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.hawkes import Base, check, compensator_increments, log_likelihood, simulate

RATIO = Definition(
    "M11",
    "branching ratio",
    "1",
    "n of lambda(t) = mu(t) + sum n beta e^{-beta(t-t_i)}, maximum likelihood",
    "a varying base rate and block ties raise it",
)
SANITY = Definition(
    "M11", "branching ratio from counts", "1", "1 - sqrt(mean / variance) of counts in wide bins", "biased up by a varying base rate"
)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted process: branching ratio (with 95 % interval), decay beta (1/s), base rate, log likelihood, BIC and residual tests.

    `ks_p`: Kolmogorov-Smirnov p-value of the compensator increments against Exp(1); `autocorrelation`: their lag-1 correlation."""

    ratio: Figure
    beta: float
    base: Base
    log_likelihood: float
    bic: float
    ks_p: float
    autocorrelation: float


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """One event per block: time (s) and mark (USD)."""

    time: Floats
    mark: Floats


def merge_ties(time: ArrayLike, block: ArrayLike, notional: ArrayLike) -> Merged:
    """One event per block of one (underlying, side): liquidations in one oracle tick are one event with a larger mark, not children."""
    at, usd = floats("time", time), floats("notional", notional)
    number: Ints = np.asarray(block, dtype=np.int64)
    same_length(time=at, block=number, notional=usd)
    not_negative("notional", usd)
    _, first, index = np.unique(number, return_index=True, return_inverse=True)
    return Merged(at[first], np.bincount(index, weights=usd, minlength=len(first)).astype(np.float64))


def jitter(time: ArrayLike, block_seconds: float, rng: np.random.Generator) -> Floats:
    """Times spread uniformly within their block, sorted: an alternative to merging that keeps n about right; beta is then not
    identified."""
    at = floats("time", time)
    return np.sort(at + rng.random(len(at)) * block_seconds)


def fit(times: ArrayLike, end: float, scope: Scope, edges: ArrayLike | None = None) -> Fit:
    """Maximum likelihood on [0, end] (s) with a base rate constant between `edges` (default: constant throughout). Needs >= 10 events."""
    at = floats("times", times)
    check(at, end)
    if len(at) < 10:
        raise ModelInputError(f"{len(at)} events are too few for a branching ratio (10 needed)")
    bounds = np.array([0.0, end]) if edges is None else floats("edges", edges)
    pieces = len(bounds) - 1
    counts = np.histogram(at, bounds)[0]
    rate = np.maximum(counts, 0.5) / np.diff(bounds)
    results = [_maximise(at, end, bounds, rate, n, beta) for n, beta in ((0.3, len(at) / end), (0.6, 10 * len(at) / end))]
    parameters, value = max(results, key=lambda result: result[1])
    base = Base(bounds, parameters[:pieces])
    n, beta = float(parameters[-2]), float(parameters[-1])
    error = _ratio_error(at, end, base, n, beta)
    increments = compensator_increments(at, base, n, beta)
    free = pieces + 2 + (pieces - 1)
    ratio = RATIO.figure(n, scope, len(at), interval=(max(n - 1.96 * error, 0.0), n + 1.96 * error), note=f"{pieces} base-rate pieces")
    correlation = float(np.corrcoef(increments[1:], increments[:-1])[0, 1])
    return Fit(ratio, beta, base, value, free * float(np.log(len(at))) - 2 * value, float(kstest(increments, "expon").pvalue), correlation)


def fit_piecewise(times: ArrayLike, end: float, scope: Scope, *, most_pieces: int = 12) -> Fit:
    """`fit` with the number of base-rate pieces (1..most_pieces, change points by Poisson dynamic programming) chosen by BIC.

    Guards against the regime trap: a Poisson process whose rate switches looks almost critical to a constant base rate."""
    at = floats("times", times)
    return min((fit(at, end, scope, edges) for edges in segmentations(at, end, most_pieces)), key=lambda fitted: fitted.bic)


def null_p_value(fitted: Fit, reference: Fit, end: float, rng: np.random.Generator, runs: int = 99) -> float:
    """Rate-matched Poisson null: share of Poisson paths, with the rate of `reference` (no self-excitation), whose constant-rate fit has n
    >= the fitted n.

    The mean of `reference`'s process is matched by dividing its base rate by (1 - n). Small means more clustering than the rate
    explains."""
    n = reference.ratio.value or 0.0
    rate = Base(reference.base.edges, reference.base.rate / max(1 - n, 1e-3))
    scope = Scope("simulated", "synthetic")
    drawn = (simulate(rate, 0.0, 1.0, rng) for _ in range(runs))
    exceed = sum((fit(path, end, scope).ratio.value or 0.0) >= (fitted.ratio.value or 0.0) for path in drawn if len(path) >= 10)
    return (1 + exceed) / (1 + runs)


def ratio_from_counts(times: ArrayLike, end: float, bin_seconds: float, scope: Scope) -> Figure:
    """n = 1 - sqrt(mean/variance) of counts in bins of `bin_seconds`, much wider than 1/beta; None with fewer than ten bins or no
    variance."""
    at = floats("times", times)
    bins = int(end // bin_seconds)
    counts = np.histogram(at, bins=bins, range=(0, bins * bin_seconds))[0] if bins >= 1 else np.zeros(0)
    variance = float(counts.var(ddof=1)) if bins >= 2 else 0.0
    if bins < 10 or variance == 0:
        return SANITY.figure(None, scope, bins, note="too few bins or no variance")
    value = 1 - float(np.sqrt(counts.mean() / variance))
    return SANITY.figure(value, scope, bins, note="" if value >= 0 else "under-dispersed: no clustering")


def _maximise(at: Floats, end: float, edges: Floats, rate: Floats, n: float, beta: float) -> tuple[Floats, float]:
    def objective(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        value, gradient = log_likelihood(at, end, Base(edges, values[:-2]), float(values[-2]), float(values[-1]))
        return -value, -gradient * values

    start = np.log(np.concatenate([rate * (1 - n), [n, beta]]))
    widest = [(np.log(1e-9), np.log(1e9))] * len(rate) + [(np.log(1e-6), np.log(0.999)), (np.log(0.01 / end), np.log(1e6 * len(at) / end))]
    result = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=widest)
    return np.exp(result.x), -float(result.fun)


def _ratio_error(at: Floats, end: float, base: Base, n: float, beta: float) -> float:
    """Standard error of n from the observed information: central differences of the analytic gradient, in logs."""
    point = np.log(np.concatenate([np.maximum(base.rate, 1e-9), [n, beta]]))
    size = len(point)

    def gradient(logs: Floats) -> Floats:
        values = np.exp(logs)
        slope: Floats = -log_likelihood(at, end, Base(base.edges, values[:-2]), float(values[-2]), float(values[-1]))[1] * values
        return slope

    step = 1e-4
    rows = [(gradient(point + step * unit) - gradient(point - step * unit)) / (2 * step) for unit in np.eye(size)]
    information = (np.array(rows) + np.array(rows).T) / 2
    variance = float(np.linalg.pinv(information)[size - 2, size - 2])
    return n * float(np.sqrt(variance)) if variance > 0 else float("inf")
