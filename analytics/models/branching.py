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

LEAST_EVENTS = 10
"""Fewer give no ratio."""
_LONGEST_MEMORY = 10.0
"""beta is at least this over the window: a kernel as long as the window cannot be told from a constant rate, and n would be anything."""
_CONSTANT_STARTS = ((0.3, 1.0), (0.6, 10.0))
_PIECEWISE_STARTS = ((0.3, 5.0),)
"""(n, beta in units of the mean event rate) from which the likelihood is climbed."""


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
class _Candidate:
    """A maximum of the likelihood before it is described."""

    base: Base
    ratio: float
    beta: float
    log_likelihood: float
    bic: float


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """One event per block: time (s) and mark (USD)."""

    time: Floats
    mark: Floats


def merge_ties(time: ArrayLike, block: ArrayLike, notional: ArrayLike) -> Merged:
    """One event per block of one (underlying, side): liquidations in one oracle tick are one event with a larger mark, not children.

    In blocks longer than 1/beta nearly every block has an event and n is lost: `jitter` keeps it."""
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


def fit(times: ArrayLike, end: float, scope: Scope) -> Fit:
    """Maximum likelihood on [0, end] (s) with a constant base rate. Needs >= 10 events, strictly increasing (merge block ties first)."""
    at = _checked(times, end)
    return _described(at, end, _candidate(at, end, np.array([0.0, end]), _CONSTANT_STARTS), scope)


def fit_piecewise(times: ArrayLike, end: float, scope: Scope, *, most_pieces: int = 12) -> Fit:
    """`fit` with the number of base-rate pieces (change points by Poisson dynamic programming) chosen by BIC.

    Guards against the regime trap: a Poisson process whose rate switches looks almost critical to a constant base rate."""
    at = _checked(times, end)
    constant, *others = segmentations(at, end, most_pieces)
    candidates = [_candidate(at, end, constant, _CONSTANT_STARTS), *(_candidate(at, end, edges, _PIECEWISE_STARTS) for edges in others)]
    return _described(at, end, min(candidates, key=lambda candidate: candidate.bic), scope)


def null_p_value(fitted: Fit, reference: Fit, end: float, rng: np.random.Generator, runs: int = 99) -> float:
    """Rate-matched Poisson null: share of Poisson paths, with the rate of `reference` (no self-excitation), whose constant-rate fit has n
    >= the fitted n.

    The mean of `reference`'s process is matched by dividing its base rate by (1 - n). Small means more clustering than the rate
    explains."""
    n = reference.ratio.value or 0.0
    rate = Base(reference.base.edges, reference.base.rate / max(1 - n, 1e-3))
    scope = Scope("simulated", "synthetic")
    drawn = (simulate(rate, 0.0, 1.0, rng) for _ in range(runs))
    exceed = sum((fit(path, end, scope).ratio.value or 0.0) >= (fitted.ratio.value or 0.0) for path in drawn if len(path) >= LEAST_EVENTS)
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


def _checked(times: ArrayLike, end: float) -> Floats:
    at = floats("times", times)
    check(at, end)
    if len(at) < LEAST_EVENTS:
        raise ModelInputError(f"{len(at)} events are too few for a branching ratio ({LEAST_EVENTS} needed)")
    return at


def _candidate(at: Floats, end: float, edges: Floats, starts: tuple[tuple[float, float], ...]) -> _Candidate:
    """The best of the maxima reached from the starts (n, beta in mean event rates). Each change point costs two parameters: place and
    level."""
    rate = np.maximum(np.histogram(at, edges)[0], 0.5) / np.diff(edges)
    mean_rate = len(at) / end
    reached = [_maximise(at, end, edges, rate, n, beta * mean_rate) for n, beta in starts]
    parameters, value = max(reached, key=lambda result: result[1])
    pieces = len(rate)
    free = 2 * pieces + 1
    bic = free * float(np.log(len(at))) - 2 * value
    return _Candidate(Base(edges, parameters[:pieces]), float(parameters[-2]), float(parameters[-1]), value, bic)


def _described(at: Floats, end: float, found: _Candidate, scope: Scope) -> Fit:
    error = _ratio_error(at, end, found.base, found.ratio, found.beta)
    increments = compensator_increments(at, found.base, found.ratio, found.beta)
    interval = (max(found.ratio - 1.96 * error, 0.0), found.ratio + 1.96 * error) if np.isfinite(error) else None
    ratio = RATIO.figure(found.ratio, scope, len(at), interval=interval, note=f"{len(found.base.rate)} base-rate pieces")
    correlation = float(np.corrcoef(increments[1:], increments[:-1])[0, 1])
    return Fit(ratio, found.beta, found.base, found.log_likelihood, found.bic, float(kstest(increments, "expon").pvalue), correlation)


def _maximise(at: Floats, end: float, edges: Floats, rate: Floats, n: float, beta: float) -> tuple[Floats, float]:
    def objective(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        value, gradient = log_likelihood(at, end, Base(edges, values[:-2]), float(values[-2]), float(values[-1]))
        return -value, -gradient * values

    start = np.log(np.concatenate([rate * (1 - n), [n, beta]]))
    widest = [(np.log(1e-9), np.log(1e9))] * len(rate) + [
        (np.log(1e-6), np.log(0.999)),
        (np.log(_LONGEST_MEMORY / end), np.log(1e4 * len(at) / end)),
    ]
    # TNC, not L-BFGS-B: scipy's L-BFGS-B calls LAPACK on tiny matrices, whose threads cost five times the work itself on a busy machine.
    result = minimize(objective, start, jac=True, method="TNC", bounds=widest, options={"maxfun": 1000, "ftol": 1e-6})
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
