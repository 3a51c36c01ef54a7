"""M4: the price that hurts one named side most. "Long max pain" without saying who suffers has been printed above spot; here the victim
is in the name."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, floats, not_negative, same_length
from analytics.models.figure import Definition, Figure
from analytics.models.liquidation_map import LiquidationMap

LONG_VICTIMS = Definition("M4", "max pain of longs", "USD", "argmax of density below the mark, victims long; ties to the nearest")
SHORT_VICTIMS = Definition("M4", "max pain of shorts", "USD", "argmax of density above the mark, victims short; ties to the nearest")


@dataclass(frozen=True, slots=True)
class MaxPain:
    """The centre of the densest bin per victim side, with its USD; None where the side is empty."""

    long_victims: Figure
    long_notional: float
    short_victims: Figure
    short_notional: float


def max_pain(of: LiquidationMap) -> MaxPain:
    """Both victim sides of one map: the long one always lies below the mark, the short one above."""
    below, above = of.longs[: of.zero], of.shorts[of.zero :]
    long_bin = _densest(below[::-1])
    short_bin = _densest(above)
    centres = of.centres
    long_price = None if long_bin is None else float(centres[of.zero - 1 - long_bin])
    short_price = None if short_bin is None else float(centres[of.zero + short_bin])
    return MaxPain(
        LONG_VICTIMS.figure(long_price, of.scope, of.positions, note="" if long_price else "no longs mapped"),
        float(below.max(initial=0.0)),
        SHORT_VICTIMS.figure(short_price, of.scope, of.positions, note="" if short_price else "no shorts mapped"),
        float(above.max(initial=0.0)),
    )


def _densest(outward: Floats) -> int | None:
    """Index of the first maximum counted outward from the mark: argmax takes the first of equals, which is the nearest."""
    return int(np.argmax(outward)) if outward.any() else None


def worst_price(prices: ArrayLike, bad_debt: ArrayLike, mark: float) -> float | None:
    """The price whose simulated bad debt (USD) is greatest, the nearest to the mark among equals; None when none makes any."""
    price, debt = floats("prices", prices), floats("bad_debt", bad_debt)
    same_length(prices=price, bad_debt=debt)
    not_negative("bad_debt", debt)
    if not debt.any():
        return None
    worst = price[debt == debt.max()]
    return float(worst[np.argmin(np.abs(worst - mark))])
