"""The baseline that M6 should beat: a map guessed from large trades at customary leverages (as py-liquidation-map does)."""

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import ModelInputError, floats, not_negative, same_length, sides
from analytics.models.liquidation_map import Levels

LEVERAGES = (10.0, 25.0, 50.0, 100.0)


def infer(
    price: ArrayLike, taker_side: ArrayLike, notional: ArrayLike, least_notional: float, leverages: tuple[float, ...] = LEVERAGES
) -> Levels:
    """Levels as if every taker trade of at least `least_notional` USD opened a position at each leverage, its notional shared equally.

    Assumes that every trade opens and ignores maintenance margin: liquidation at price * (1 - side / leverage). A guess, quality
    `inferred`."""
    p, s, n = floats("price", price), sides("taker_side", taker_side), floats("notional", notional)
    same_length(price=p, taker_side=s, notional=n)
    not_negative("notional", n)
    if not leverages or min(leverages) <= 1:
        raise ModelInputError("leverages must exceed 1")
    large = n >= least_notional
    p, s, n = p[large], s[large], n[large]
    at = np.concatenate([p * (1 - s / leverage) for leverage in leverages])
    return Levels(at, np.tile(s, len(leverages)), np.tile(n / len(leverages), len(leverages)))
