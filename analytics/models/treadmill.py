"""M22: the leverage treadmill as a state machine over hourly bars: accumulate, fragile, flush, reset. Nothing looks ahead."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analytics.models.arrays import Bools, Floats, ModelInputError, same_length


class State(StrEnum):
    """Evaluated in this order; the first whose conditions hold is the bar's candidate."""

    FLUSHING = "flushing"
    RESET = "reset"
    FRAGILE = "fragile"
    ACCUMULATING = "accumulating"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, eq=False)
class HourlyBars:
    """Inputs per hour, oldest first; nan is unknown and never satisfies a condition.

    funding_z: z of 8-hour funding; open_interest: base units; liquidated: victim USD / open interest USD;
    return_24h: log return over 24 h; sigma_24h: its trailing volatility."""

    funding_z: Floats
    open_interest: Floats
    liquidated: Floats
    return_24h: Floats
    sigma_24h: Floats

    def __post_init__(self) -> None:
        same_length(
            funding_z=self.funding_z,
            open_interest=self.open_interest,
            liquidated=self.liquidated,
            return_24h=self.return_24h,
            sigma_24h=self.sigma_24h,
        )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Frozen before the data they judge. Liquidation quantiles come from `calibrate` on an earlier period; the rest is the
    specification's."""

    liquidated_p99: float
    liquidated_p75: float
    open_interest_p80: float
    flush_fall: float = 0.03
    reset_flush: float = 0.10
    reset_hours: int = 72
    normal_z: float = 0.5
    fragile_z: float = 1.0
    stalled_sigmas: float = 0.5
    hysteresis_bars: int = 2


def calibrate(liquidated: Floats, open_interest: Floats) -> Thresholds:
    """Thresholds from a calibration period that ends before the judged one; ModelInputError with fewer than 100 known hours of either."""
    known_l, known_o = liquidated[np.isfinite(liquidated)], open_interest[np.isfinite(open_interest)]
    if min(len(known_l), len(known_o)) < 100:
        raise ModelInputError("a calibration period needs at least 100 known hours")
    return Thresholds(float(np.quantile(known_l, 0.99)), float(np.quantile(known_l, 0.75)), float(np.quantile(known_o, 0.80)))


def states(bars: HourlyBars, limits: Thresholds) -> tuple[State, ...]:
    """The state at each hour, from that hour and earlier ones only. A state changes after its candidate stood `hysteresis_bars` hours
    running."""
    current, waiting, count = State.NEUTRAL, State.NEUTRAL, 0
    found: list[State] = []
    for candidate in candidates(bars, limits):
        count = count + 1 if candidate is waiting else 1
        waiting = candidate
        if count >= limits.hysteresis_bars:
            current = waiting
        found.append(current)
    return tuple(found)


def candidates(bars: HourlyBars, limits: Thresholds) -> tuple[State, ...]:
    """Each hour's own verdict, before hysteresis. The 72 hours of RESET run from the last hour that itself met FLUSHING."""
    change = np.full(len(bars.open_interest), np.nan)
    change[24:] = bars.open_interest[24:] / bars.open_interest[:-24] - 1
    rising = np.zeros(len(change), np.bool_)
    rising[24:] = bars.funding_z[24:] > bars.funding_z[:-24]
    flushing = (bars.liquidated > limits.liquidated_p99) & (change < -limits.flush_fall)
    reset = _reset(bars, flushing, limits)
    stalled = np.abs(bars.return_24h) < limits.stalled_sigmas * bars.sigma_24h
    fragile = (bars.open_interest > limits.open_interest_p80) & (np.abs(bars.funding_z) > limits.fragile_z) & stalled
    accumulating = (change > 0) & rising
    order = (State.FLUSHING, State.RESET, State.FRAGILE, State.ACCUMULATING)
    chosen = np.select([flushing, reset, fragile, accumulating], [0, 1, 2, 3], default=4)
    return tuple((*order, State.NEUTRAL)[int(index)] for index in chosen)


def _reset(bars: HourlyBars, flushing: Bools, limits: Thresholds) -> Bools:
    """At most 72 h after a flush hour, with F >= 10 % since the 24-hour high before the flush began, normal funding and few
    liquidations."""
    calm = (np.abs(bars.funding_z) < limits.normal_z) & (bars.liquidated < limits.liquidated_p75)
    result = np.zeros(len(flushing), np.bool_)
    last, before, lowest = -1, np.nan, np.nan
    for hour in range(len(flushing)):
        open_interest = bars.open_interest[hour]
        if flushing[hour]:
            if last < 0 or hour - last > limits.reset_hours:
                before = float(np.nanmax(bars.open_interest[max(hour - 24, 0) : hour + 1]))
                lowest = open_interest
            last = hour
        lowest = np.fmin(lowest, open_interest)
        within = last >= 0 and 0 < hour - last <= limits.reset_hours
        result[hour] = within and bool(calm[hour]) and 1 - lowest / before >= limits.reset_flush
    return result
