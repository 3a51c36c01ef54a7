"""A cascade as a fixed point: displacement x = x0 + impact(everything liquidated inside x), followed wave by wave.

Displacements are outward distances from the mark (USD of price or any one unit), x0 the exogenous move. Spec section 4, one venue."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, increasing, not_negative, same_length

Impact = Callable[[float], float]
"""Displacement caused by liquidating everything inside a displacement: non-decreasing, 0 at 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """`reached[k]` is the displacement after wave k; wave 0 is the exogenous move. `stopped` is False when the limit ended it (runaway)."""

    reached: Floats
    stopped: bool

    @property
    def final(self) -> float:
        """Where it came to rest, or the last displacement looked at."""
        return float(self.reached[-1])

    @property
    def waves(self) -> Floats:
        """Displacement added by each wave; the first entry is x0."""
        return np.diff(self.reached, prepend=0.0)


def propagate(x0: float, impact: Impact, *, limit: float, tolerance: float = 1e-12, most_waves: int = 100_000) -> Cascade:
    """Iterate x <- x0 + impact(x) from x0. It rises to the smallest fixed point; beyond `limit` it is called a runaway."""
    if x0 < 0 or limit < x0:
        raise ModelInputError("need 0 <= x0 <= limit")
    reached = [x0]
    while len(reached) < most_waves:
        after = x0 + impact(reached[-1])
        if after <= reached[-1] + tolerance:
            return Cascade(np.array(reached), stopped=True)
        reached.append(after)
        if after > limit:
            return Cascade(np.array(reached), stopped=False)
    return Cascade(np.array(reached), stopped=False)


def level_impact(levels: ArrayLike, quantity: ArrayLike, impact_of_quantity: Impact) -> Impact:
    """Impact of discrete liquidation levels: `levels` sorted displacements, `quantity` base at each, then an impact law of the sum."""
    at, q = floats("levels", levels), floats("quantity", quantity)
    same_length(levels=at, quantity=q)
    increasing("levels", at)
    not_negative("quantity", q)
    cumulative = np.concatenate([[0.0], np.cumsum(q)])

    def impact(displacement: float) -> float:
        return impact_of_quantity(float(cumulative[np.searchsorted(at, displacement, side="right")]))

    return impact


def linear_law(price_per_base: float) -> Impact:
    """Kyle: lambda times quantity."""
    return lambda quantity: price_per_base * quantity


def square_root_law(coefficient: float) -> Impact:
    """Square-root impact: kappa times the square root of quantity."""
    return lambda quantity: coefficient * quantity**0.5


def propagate_with_recovery(x0: float, gain: float, retained: float, *, limit: float) -> Cascade:
    """Uniform density with impact that decays to `retained` (= e^(-dt/tau)) between waves; only new extremes trigger. `reached` are
    extremes."""
    if not 0 <= retained <= 1 or gain < 0:
        raise ModelInputError("need 0 <= retained <= 1 and gain >= 0")
    extremes, fresh, impact = [x0], x0, 0.0
    while fresh > 1e-12 and extremes[-1] <= limit:
        impact = retained * impact + gain * fresh
        fresh = max(x0 + impact - extremes[-1], 0.0)
        if fresh > 1e-12:
            extremes.append(extremes[-1] + fresh)
    return Cascade(np.array(extremes), stopped=extremes[-1] <= limit)
