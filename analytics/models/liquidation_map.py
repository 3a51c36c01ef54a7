"""M2: what is liquidated where, outward from the mark."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Bools, Floats, Ints, ModelInputError, floats, not_negative, same_length, sides
from analytics.models.figure import Definition, Figure, Scope

BIN_BPS = 10.0
WINDOWS = (0.02, 0.05, 0.10, 0.25, 0.50)
RATIO_CAP = 1000.0

ASYMMETRY = Definition(
    "M2", "asymmetry ratio", "1", "AR(w) = S(P(1+w)) / L(P(1-w))", "potential, not promise: exact only at the snapshot, top-ups move p*"
)
LOG_ASYMMETRY = Definition("M2", "log asymmetry", "1", "ln AR(w)", "exact only at the snapshot")
COVERAGE = Definition("M2", "coverage", "1", "mapped notional / (open interest x mark)", "one side of the market")
DENSITY = Definition("M2", "mean density", "USD per 1,000 USD of price", "notional between two levels / their distance")


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Positions as the map sees them: liquidation price (USD), victim side, notional (USD at the mark). One row per position."""

    price: Floats
    side: Ints
    notional: Floats

    def __post_init__(self) -> None:
        same_length(price=self.price, side=self.side, notional=self.notional)
        not_negative("notional", self.notional)


@dataclass(frozen=True, slots=True, eq=False)
class LiquidationMap:
    """USD per bin k = floor(ln(p*/P) / h): index i is bin `first + i`. Longs lie below the mark, shorts above; the rest is in
    `excluded`."""

    mark: float
    bin_bps: float
    first: int
    longs: Floats
    shorts: Floats
    positions: int
    excluded: "Excluded"
    scope: Scope

    @property
    def step(self) -> float:
        """Bin width as a log price."""
        return self.bin_bps * 1e-4

    @property
    def edges(self) -> Floats:
        """Bin edges in USD, one more than bins."""
        edges: Floats = self.mark * np.exp(self.step * (self.first + np.arange(len(self.longs) + 1)))
        return edges

    @property
    def centres(self) -> Floats:
        """Bin centres (in log price) in USD."""
        centres: Floats = self.mark * np.exp(self.step * (self.first + np.arange(len(self.longs)) + 0.5))
        return centres

    @property
    def zero(self) -> int:
        """Index of the first bin at or above the mark."""
        return -self.first

    def long_outward(self) -> Floats:
        """L at each bin's lower edge: USD of longs liquidated when the price falls there."""
        return np.cumsum(self.longs[::-1])[::-1]

    def short_outward(self) -> Floats:
        """S at each bin's upper edge: USD of shorts liquidated when the price rises there."""
        return np.cumsum(self.shorts)


@dataclass(frozen=True, slots=True)
class Excluded:
    """USD not on the map: no reachable price, liquidatable already at the mark, legs of hedged accounts beyond the mark, outside the
    range."""

    unreachable: float
    immediate: float
    hedged: float
    out_of_range: float


def levels(price: ArrayLike, side: ArrayLike, notional: ArrayLike) -> Levels:
    """Checked `Levels`; unreachable prices are nan."""
    return Levels(floats("price", price), sides("side", side), floats("notional", notional))


def build(
    at: Levels, mark: float, scope: Scope, *, bin_bps: float = BIN_BPS, reach: float = 0.5, immediate: ArrayLike | None = None
) -> LiquidationMap:
    """The map out to a factor 1 +- `reach` from `mark` (USD), rounded out to whole bins.

    `immediate` marks positions liquidatable now. A leg on the side that profits from its own liquidation move counts as hedged."""
    if not mark > 0 or not bin_bps > 0 or not 0 < reach < 1:
        raise ModelInputError(f"mark {mark} and bin {bin_bps} must be positive and reach {reach} in (0, 1)")
    now = np.zeros(len(at.price), np.bool_) if immediate is None else np.asarray(immediate, dtype=np.bool_)
    same_length(price=at.price, immediate=now)
    step = bin_bps * 1e-4
    first, last = int(np.floor(np.log1p(-reach) / step)), int(np.ceil(np.log1p(reach) / step))
    reachable = np.isfinite(at.price) & ~now
    victims = np.where(at.side == 1, at.price < mark, at.price > mark) & reachable
    bins = np.floor(np.log(np.where(victims, at.price, mark) / mark) / step).astype(np.int64) - first
    inside = victims & (bins >= 0) & (bins < last - first)

    def histogram(side: int) -> Floats:
        chosen = inside & (at.side == side)
        return np.bincount(bins[chosen], weights=at.notional[chosen], minlength=last - first).astype(np.float64)

    def usd(mask: Bools) -> float:
        return float(at.notional[mask].sum())

    excluded = Excluded(usd(~np.isfinite(at.price) & ~now), usd(now), usd(reachable & ~victims), usd(victims & ~inside))
    return LiquidationMap(mark, bin_bps, first, histogram(1), histogram(-1), int(inside.sum()), excluded, scope)


def long_beyond(at: Levels, mark: float, price: float) -> float:
    """L(x) = sum of N over longs with x <= p* < P, USD, exact (not binned)."""
    return float(at.notional[(at.side == 1) & (at.price >= price) & (at.price < mark)].sum())


def short_beyond(at: Levels, mark: float, price: float) -> float:
    """S(x) = sum of N over shorts with P < p* <= x, USD, exact (not binned)."""
    return float(at.notional[(at.side == -1) & (at.price > mark) & (at.price <= price)].sum())


def asymmetry(at: Levels, mark: float, scope: Scope, windows: tuple[float, ...] = WINDOWS) -> tuple[tuple[float, Figure, Figure], ...]:
    """(w, AR(w), ln AR(w)) per symmetric window. No longs: capped at `RATIO_CAP` and flagged; nothing on either side: None."""
    return tuple(
        (w, *ratio(short_beyond(at, mark, mark * (1 + w)), long_beyond(at, mark, mark * (1 - w)), scope, len(at.price), w)) for w in windows
    )


def ratio(shorts: float, longs: float, scope: Scope, n: int, window: float | None = None) -> tuple[Figure, Figure]:
    """AR and ln AR of two amounts in USD; `window` None says that the windows of the amounts are not known (seed S1's 14:1)."""
    notes = [f"window +-{window:.0%}" if window is not None else "windows of the two sides not stated"]
    empty = RATIO_CAP if shorts > 0 else None
    value = min(shorts / longs, RATIO_CAP) if longs > 0 else empty
    if value == RATIO_CAP:
        notes.append(f"capped at {RATIO_CAP:g}: {'no' if longs == 0 else 'few'} longs in the window")
    if value is None:
        notes.append("nothing mapped in the window")
    note = "; ".join(notes)
    logarithm = float(np.log(value)) if value else None
    return ASYMMETRY.figure(value, scope, n, note=note), LOG_ASYMMETRY.figure(logarithm, scope, n, note=note)


def coverage(at: Levels, side: int, open_interest: float, mark: float, scope: Scope) -> Figure:
    """Share of one side's open interest (base units) whose position is known, reachable or not."""
    known = at.side == side
    total = open_interest * mark
    value = float(at.notional[known].sum()) / total if total > 0 else None
    note = "more mapped than open interest: stale positions or stale open interest" if value is not None and value > 1.001 else ""
    return COVERAGE.figure(value, scope, int(known.sum()), note=note)


def distance(level: float, mark: float) -> float:
    """Relative distance level / mark - 1."""
    return level / mark - 1


def mean_density(notional: float, low: float, high: float, scope: Scope) -> Figure:
    """USD of notional per 1,000 USD of price between two levels."""
    if not high > low:
        raise ModelInputError(f"levels {low} and {high} enclose nothing")
    return DENSITY.figure(notional / (high - low) * 1000, scope, 1)
