"""M23: did clusters of mapped liquidations push the price on when it reached them (activated), or did it come back (absorbed)?"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Bools, Floats, Ints, ModelInputError, floats, increasing, not_negative, same_length
from analytics.models.figure import Definition, Figure, Scope

LEAST_PERMUTATIONS = 2000
EFFECT = Definition(
    "M23",
    "activation effect",
    "sigma per ln USD",
    "coefficient of ln(1+g) in Y1 on controls; null: density shifted around the same snapshot",
    "conditional on the path",
)
P_VALUE = Definition("M23", "permutation p-value", "1", "(1 + #{|b*| >= |b|}) / (1 + permutations)", "two-sided")
POWER = Definition("M23", "least detectable effect", "sigma per ln USD", "2.8 x standard deviation of b* (80 % power at 5 %)")


class Label(StrEnum):
    """What a level did."""

    ACTIVATED = "activated"
    ABSORBED = "absorbed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first crossing of one level. `y1`: d x return over the horizon / (sigma sqrt h); `y2`: re-crossed within it; `y3`: realised /
    mapped N."""

    index: int
    direction: int
    y1: float | None
    y2: bool
    y3: float | None
    label: Label


@dataclass(frozen=True, slots=True)
class Effect:
    """Regression of Y1 on exposure with its permutation null."""

    effect: Figure
    p_value: Figure
    detectable: Figure


def crossing(
    time: ArrayLike, price: ArrayLike, level: float, horizon_s: float, sigma_hour: float, mapped_usd: float, realised_usd: float
) -> Crossing | None:
    """The first crossing of `level` (USD) by the path and its label; None when it never crosses. Times in s; sigma per sqrt(hour).

    `mapped_usd`: pre-cross exposure of the level; `realised_usd`: victim USD within the horizon after the crossing."""
    at, path = floats("time", time), floats("price", price)
    same_length(time=at, price=path)
    increasing("time", at)
    if not sigma_hour > 0 or not horizon_s > 0:
        raise ModelInputError("volatility and horizon must be positive")
    side = np.sign(path - level)
    crossed = np.flatnonzero(side != side[0]) if len(side) and side[0] != 0 else np.zeros(0, np.int64)
    if not len(crossed):
        return None
    first = int(crossed[0])
    direction = int(-side[0])
    stop = int(np.searchsorted(at, at[first] + horizon_s, side="right"))
    after = path[first:stop]
    complete = bool(at[-1] >= at[first] + horizon_s)
    spread = sigma_hour * np.sqrt(horizon_s / 3600)
    y1 = direction * float(np.log(after[-1] / level)) / float(spread) if complete else None
    y2 = bool((np.sign(after - level) == -direction).any())
    y3 = realised_usd / mapped_usd if mapped_usd > 0 else None
    return Crossing(first, direction, y1, y2, y3, label(y1, y2, y3))


def label(y1: float | None, y2: bool, y3: float | None) -> Label:
    """ACTIVATED if Y1 > 0 and Y3 > 0.5; else ABSORBED if re-crossed; else UNDECIDED."""
    if y1 is not None and y3 is not None and y1 > 0 and y3 > 0.5:
        return Label.ACTIVATED
    return Label.ABSORBED if y2 else Label.UNDECIDED


def effect(
    y1: ArrayLike,
    snapshot: ArrayLike,
    level_bin: ArrayLike,
    density: Floats,
    controls: Floats,
    scope: Scope,
    rng: np.random.Generator,
    permutations: int = LEAST_PERMUTATIONS,
) -> Effect:
    """Coefficient of ln(1 + g) and its null, the density of each snapshot circularly shifted under the unchanged path.

    `y1` per crossing; `snapshot`, `level_bin`: which row and column of `density` (snapshots x bins, USD) it crossed;
    `controls`: crossings x k (distance, hour, volatility, round-number dummies); an intercept is added."""
    y, row = floats("y1", y1), np.asarray(snapshot, dtype=np.int64)
    column: Ints = np.asarray(level_bin, dtype=np.int64)
    n = same_length(y1=y, snapshot=row, level_bin=column, controls=controls)
    not_negative("density", density.ravel())
    if permutations < LEAST_PERMUTATIONS:
        raise ModelInputError(f"at least {LEAST_PERMUTATIONS} permutations are needed")
    basis, _ = np.linalg.qr(np.column_stack([np.ones(n), controls]))
    if n <= basis.shape[1] + 2:
        missing = "too few crossings to estimate anything"
        return Effect(
            EFFECT.figure(None, scope, n, note=missing),
            P_VALUE.figure(None, scope, n, note=missing),
            POWER.figure(None, scope, n, note=missing),
        )
    logs = np.log1p(density)
    bins = density.shape[1]
    shifts = rng.integers(1, bins, (permutations, len(density)))
    exposure = np.vstack([logs[row, column], logs[row, (column + shifts[:, row]) % bins]])
    residual_x = exposure - (exposure @ basis) @ basis.T
    residual_y = y - basis @ (basis.T @ y)
    square = np.sum(residual_x**2, axis=1)
    usable: Bools = square > 1e-12 * np.maximum(np.sum(exposure**2, axis=1), 1e-300)
    slopes = np.where(usable, residual_x @ residual_y / np.where(usable, square, 1.0), 0.0)
    if not usable[0]:
        return Effect(*(d.figure(None, scope, n, note="all crossings have the same exposure") for d in (EFFECT, P_VALUE, POWER)))
    real, null = float(slopes[0]), slopes[1:]
    p_value = (1 + int((np.abs(null) >= abs(real)).sum())) / (1 + permutations)
    detectable = 2.8 * float(null.std())
    note = "" if abs(real) >= detectable or n >= 100 else f"{n} crossings: effects below {detectable:.2g} would go unseen"
    return Effect(
        EFFECT.figure(real, scope, n, note=note), P_VALUE.figure(p_value, scope, n, note=note), POWER.figure(detectable, scope, n)
    )
