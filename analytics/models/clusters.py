"""M3: where the map is unusually dense, how far that is in units of volatility, and how likely it is touched."""

import math
from dataclasses import dataclass

import numpy as np

from analytics.models.arrays import Bools, Floats, ModelInputError
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.liquidation_map import LiquidationMap

SMOOTHING_BINS = 2.0
MADS = 3.0

TOUCH = Definition(
    "M3", "touch probability", "1", "2 Phi(-|ln(c/P)| / (sigma sqrt(H)))", "driftless Gaussian path, no feedback from the cluster itself"
)
SLOPE = Definition(
    "M3", "tier slope", "ln USD per 1 of relative distance", "OLS of ln density on distance over non-empty bins", "positive: denser outward"
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Contiguous bins denser than median + 3 MAD: bounds, notional (USD), peak price, distances and touch probability within H hours."""

    side: int
    low: float
    high: float
    notional: float
    peak: float
    distance: float
    sigmas: float
    touch: Figure


def find(of: LiquidationMap, side: int, sigma_hour: float, hours: float) -> tuple[Cluster, ...]:
    """Clusters of one victim side (+1 longs below, -1 shorts above), nearest first. `sigma_hour`: volatility of ln price per sqrt(hour).

    Density is smoothed (Gaussian, sigma 2 bins) over the side's own bins, from the mark to its outermost mapped position."""
    if not (sigma_hour > 0 and hours > 0):
        raise ModelInputError("volatility and horizon must be positive")
    from scipy.ndimage import gaussian_filter1d  # loads for a quarter of a second, which every command would pay

    start, raw = _side_bins(of, side)
    if not raw.any():
        return ()
    smooth = gaussian_filter1d(raw, SMOOTHING_BINS, mode="constant")
    middle = float(np.median(smooth))
    threshold = middle + MADS * float(np.median(np.abs(smooth - middle)))
    runs = _runs(smooth > threshold)
    found = [_cluster(of, side, start + lo, start + hi, int(np.argmax(smooth[lo:hi])), sigma_hour * np.sqrt(hours)) for lo, hi in runs]
    return tuple(sorted(found, key=lambda cluster: cluster.distance))


def _side_bins(of: LiquidationMap, side: int) -> tuple[int, Floats]:
    """(index of the first bin, USD per bin) between the mark and the outermost non-empty bin."""
    if side == -1:
        filled = np.flatnonzero(of.shorts)
        return of.zero, of.shorts[of.zero : int(filled[-1]) + 1 if len(filled) else of.zero]
    filled = np.flatnonzero(of.longs)
    first = int(filled[0]) if len(filled) else of.zero
    return first, of.longs[first : of.zero]


def _runs(mask: Bools) -> list[tuple[int, int]]:
    """Half-open index ranges of consecutive True."""
    padded = np.concatenate([[0], mask.astype(np.int8), [0]])
    change = np.flatnonzero(np.diff(padded))
    return [(int(a), int(b)) for a, b in zip(change[::2], change[1::2], strict=True)]


def _cluster(of: LiquidationMap, side: int, lo: int, hi: int, peak_offset: int, spread: float) -> Cluster:
    amounts = of.longs if side == 1 else of.shorts
    peak = float(of.centres[lo + peak_offset])
    edges = of.edges
    probability = touch_probability(peak, of.mark, spread)
    figure = TOUCH.figure(probability, of.scope, of.positions)
    away = abs(peak / of.mark - 1)
    return Cluster(side, float(edges[lo]), float(edges[hi]), float(amounts[lo:hi].sum()), peak, away, away / spread, figure)


def touch_probability(level: float, mark: float, spread: float) -> float:
    """2 Phi(-|ln(c/P)| / spread), spread = sigma sqrt(H): reflection principle for a driftless Brownian ln price."""
    return math.erfc(abs(math.log(level / mark)) / (spread * math.sqrt(2)))


def tier_slope(of: LiquidationMap, side: int, scope: Scope) -> Figure:
    """Slope of ln density on relative distance; None with fewer than three non-empty bins. The interval is +-1.96 OLS standard errors."""
    amounts = of.longs if side == 1 else of.shorts
    filled = amounts > 0
    n = int(filled.sum())
    if n < 3:
        return SLOPE.figure(None, scope, n, note="fewer than three non-empty bins")
    x = np.abs(of.centres[filled] / of.mark - 1)
    y = np.log(amounts[filled])
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    residual = y - y.mean() - slope * centred
    error = float(np.sqrt(residual @ residual / (n - 2) / (centred @ centred)))
    return SLOPE.figure(slope, scope, n, interval=(slope - 1.96 * error, slope + 1.96 * error))
