"""M20: how much open interest a flush removed; open interest against price, funding and spot volume."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import ModelInputError, floats, not_negative
from analytics.models.figure import Definition, Figure, Scope

FLUSH = Definition(
    "M20", "open-interest flush", "1", "F = 1 - min OI / OI before, in base units", "USD open interest falls with price by itself"
)
FLUSH_USD = Definition(
    "M20", "open-interest fall in USD", "1", "1 - OI after / OI before, in USD", "contains the fall of the price: not a flush measure"
)
FORCED = Definition(
    "M20", "forced share", "1", "sum victim q / gross fall of OI", "a bound only: closing and opening are netted in open interest"
)
SPOT_RATIO = Definition(
    "M20", "open interest over spot volume", "1", "OI USD / spot volume USD of the same day", "spot volume of the venues at hand only"
)


class Quadrant(StrEnum):
    """Price and open interest move together or apart; funding says who pays."""

    LONGS_OPENING = "price up, open interest up: new longs"
    SHORTS_CLOSING = "price up, open interest down: shorts closing"
    SHORTS_OPENING = "price down, open interest up: new shorts"
    LONGS_CLOSING = "price down, open interest down: longs closing"
    UNCHANGED = "price or open interest unchanged"


@dataclass(frozen=True, slots=True)
class Flush:
    """F and the open interest (base) it is made of."""

    share: Figure
    before: float
    lowest: float


def flush(open_interest: ArrayLike, before: float, scope: Scope) -> Flush:
    """F over the observations (base units) from the start of the episode; `before` is the last value preceding it."""
    series = floats("open_interest", open_interest)
    not_negative("open_interest", series)
    if not before > 0 or not len(series):
        raise ModelInputError("a flush needs a positive open interest before and at least one value after")
    lowest = float(series.min())
    return Flush(FLUSH.figure(1 - lowest / before, scope, len(series)), before, lowest)


def usd_fall(before_usd: float, after_usd: float, scope: Scope) -> Figure:
    """Fall of open interest counted in USD, as most sources print it."""
    if not before_usd > 0:
        raise ModelInputError("open interest before must be positive")
    return FLUSH_USD.figure(1 - after_usd / before_usd, scope, 2)


def forced_share(victim_base: float, of: Flush, scope: Scope) -> Figure:
    """Victim base quantity over the fall of open interest; None when it did not fall, above 1 when openings refilled it."""
    fall = of.before - of.lowest
    value = victim_base / fall if fall > 0 else None
    return FORCED.figure(value, scope, of.share.n, note="open interest did not fall" if fall <= 0 else "")


def spot_ratio(open_interest_usd: float, spot_volume_usd: float, scope: Scope) -> Figure:
    """Leverage against the money that could absorb it; None without spot volume."""
    value = open_interest_usd / spot_volume_usd if spot_volume_usd > 0 else None
    return SPOT_RATIO.figure(value, scope, 1, note="" if value is not None else "no spot volume recorded")


def quadrant(price_change: float, open_interest_change: float) -> Quadrant:
    """The price x open-interest quadrant of one interval (open interest in base units)."""
    if price_change == 0 or open_interest_change == 0 or not np.isfinite(price_change * open_interest_change):
        return Quadrant.UNCHANGED
    if price_change > 0:
        return Quadrant.LONGS_OPENING if open_interest_change > 0 else Quadrant.SHORTS_CLOSING
    return Quadrant.SHORTS_OPENING if open_interest_change > 0 else Quadrant.LONGS_CLOSING
