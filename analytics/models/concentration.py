"""M15: how concentrated depth, volume, open interest or liquidations are over venues (or assets)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, not_negative, same_length
from analytics.models.figure import Definition, Figure, Scope

HHI = Definition("M15", "Herfindahl-Hirschman index", "1", "HHI = sum s_i^2 over shares s_i", "high means concentrated")
EFFECTIVE = Definition("M15", "effective number", "count", "N_eff = 1 / HHI")
MISMATCH = Definition(
    "M15",
    "flow-depth mismatch",
    "1",
    "chi^2(s||w) = sum s_i^2 / w_i - 1, s flow share, w depth share",
    "infinite where flow meets no depth",
)


@dataclass(frozen=True, slots=True)
class Concentration:
    """HHI, effective number and the share of the largest ones (`top[k-1]` is the share of the k largest)."""

    hhi: Figure
    effective: Figure
    top: tuple[float, ...]


def shares(amounts: ArrayLike) -> Floats:
    """Amounts over their sum; ModelInputError when negative or all zero."""
    array = floats("amounts", amounts)
    not_negative("amounts", array)
    total = float(array.sum())
    if total <= 0:
        raise ModelInputError("shares of nothing: all amounts are zero")
    return array / total


def concentration(amounts: ArrayLike, scope: Scope) -> Concentration:
    """Concentration of non-negative amounts (any one unit)."""
    parts = shares(amounts)
    index = float(np.sum(parts**2))
    top = np.cumsum(np.sort(parts)[::-1])
    return Concentration(HHI.figure(index, scope, len(parts)), EFFECTIVE.figure(1 / index, scope, len(parts)), tuple(float(x) for x in top))


def hhi_floor(share: float) -> float:
    """The least HHI that one participant's share implies whatever the others are: share squared."""
    if not 0 <= share <= 1:
        raise ModelInputError(f"a share lies in [0, 1], not {share}")
    return share * share


def chi_square(flow: ArrayLike, depth: ArrayLike) -> float:
    """chi^2(s||w) of flow amounts against depth amounts; inf when flow goes where there is no depth."""
    s, w = shares(flow), shares(depth)
    same_length(flow=s, depth=w)
    if ((w == 0) & (s > 0)).any():
        return float("inf")
    used = w > 0
    return float(np.sum(s[used] ** 2 / w[used]) - 1)


def mismatch(flow: ArrayLike, depth: ArrayLike, scope: Scope) -> Figure:
    """`chi_square` as a figure."""
    value = chi_square(flow, depth)
    return MISMATCH.figure(value, scope, len(np.atleast_1d(flow)), note="flow at a venue without depth" if np.isinf(value) else "")
