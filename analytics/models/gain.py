"""M5: the gain curve g(x) = rho(x) / D(x), liquidatable base per dollar over executable opposing base per dollar."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, not_negative, same_length
from analytics.models.cascade import Impact
from analytics.models.executable import Executable
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.liquidation_map import LiquidationMap

GAIN = Definition(
    "M5", "gain", "1", "g(x) = rho(x) / D(x)", "linear impact, all liquidations sold at once; use stressed depth: displayed depth flatters"
)
POTENTIAL = Definition("M5", "cascade potential", "USD of price", "integral of g over [P, x]", "self-sustaining where g >= 1")


@dataclass(frozen=True, slots=True, eq=False)
class GainCurve:
    """Per cell of displacement from the mark (USD, outward): edges (n+1), rho and D (base per USD of price), g (nan where depth is
    unknown)."""

    edges: Floats
    rho: Floats
    depth: Floats
    gain: Floats
    scope: Scope

    def potential(self) -> Floats:
        """Integral of g from the mark to each edge (USD of price); nan beyond the first cell of unknown depth."""
        return np.concatenate([[0.0], np.cumsum(self.gain * np.diff(self.edges))])

    def peak(self) -> Figure:
        """The greatest known gain."""
        known = np.isfinite(self.gain)
        value = float(self.gain[known].max()) if known.any() else None
        missing = "" if known.all() else f"depth unknown in {int((~known).sum())} of {len(known)} cells"
        return GAIN.figure(value, self.scope, int(known.sum()), note=missing)

    def self_sustaining(self) -> tuple[tuple[float, float], ...]:
        """Displacement intervals (USD) with g >= 1, adjacent cells joined."""
        hot = np.concatenate([[False], np.nan_to_num(self.gain) >= 1, [False]]).astype(np.int8)
        change = np.flatnonzero(np.diff(hot))
        return tuple((float(self.edges[a]), float(self.edges[b])) for a, b in zip(change[::2], change[1::2], strict=True))


def curve(edges: ArrayLike, rho: ArrayLike, depth: ArrayLike, scope: Scope) -> GainCurve:
    """Gain from densities per cell; where liquidations meet no known depth (0 or nan) the gain is nan, never infinite by accident."""
    at, liquidatable, executable = floats("edges", edges), floats("rho", rho), floats("depth", depth)
    same_length(cells=at[1:], rho=liquidatable, depth=executable)
    not_negative("rho", liquidatable)
    if (np.diff(at) <= 0).any():
        raise ModelInputError("displacement edges must rise")
    known = np.isfinite(executable) & (executable > 0)
    gain = np.full(len(liquidatable), np.nan)
    gain[known] = liquidatable[known] / executable[known]
    return GainCurve(at, liquidatable, executable, gain, scope)


def from_map(of: LiquidationMap, side: int, executable: Executable) -> GainCurve:
    """The gain a fall (side +1: longs sell) or a rise (side -1: shorts buy) meets, in the map's bins, against the opposing side's depth."""
    if side == 1:
        edges, usd = of.mark - of.edges[: of.zero + 1][::-1], of.longs[: of.zero][::-1]
    else:
        edges, usd = of.edges[of.zero :] - of.mark, of.shorts[of.zero :]
    width = np.diff(edges)
    resting = np.diff(executable(np.maximum(edges, 0.0) / of.mark))
    # The map values positions at the mark, so that is what their base is found with.
    return curve(edges, usd / of.mark / width, resting / width, of.scope)


def impact_of(of: GainCurve) -> Impact:
    """The potential as an impact law: what liquidating everything within a displacement adds to it, each sold where it is triggered.

    Beyond the last known depth it stays what it was there: see `known_to`."""
    adds = of.potential()
    known = np.isfinite(adds)
    return lambda displacement: float(np.interp(displacement, of.edges[known], adds[known]))


def known_to(of: GainCurve) -> float:
    """The displacement (USD) up to which depth is known without a gap."""
    return float(of.edges[np.isfinite(of.potential())][-1])


def potential(of: GainCurve, displacement: float) -> Figure:
    """Integral of g over [0, displacement] (USD of price); None when depth is unknown on the way."""
    value = float(np.interp(displacement, of.edges, of.potential())) if displacement <= of.edges[-1] else float("nan")
    return POTENTIAL.figure(value, of.scope, len(of.gain), note="" if np.isfinite(value) else "depth unknown on the way")
