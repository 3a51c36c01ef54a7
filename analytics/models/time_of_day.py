"""M26: liquidity by hour of the UTC day, weekdays and weekends apart."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, Ints, floats, same_length
from analytics.models.figure import Definition, Figure, Scope

_DAY_S = 86400

MEDIAN = Definition(
    "M26", "median by hour", "unit of the input", "median over the observations of one UTC hour", "weekday and weekend apart"
)
BEST_WORST = Definition("M26", "best over worst hour", "1", "largest hourly median / smallest, weekdays", "interval: bootstrap by day")


@dataclass(frozen=True, slots=True)
class HourCell:
    """One UTC hour on weekdays or weekends."""

    hour: int
    weekend: bool
    median: Figure


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """All cells that have observations, and the contrast between hours."""

    cells: tuple[HourCell, ...]
    best_over_worst: Figure


def by_hour(time: ArrayLike, value: ArrayLike, scope: Scope, rng: np.random.Generator, draws: int = 500) -> TimeOfDay:
    """Medians of `value` (depth, spread, fragmentation cost) by UTC hour; `time` in Unix s. nan values are left out."""
    at, values = floats("time", time), floats("value", value)
    same_length(time=at, value=values)
    known = np.isfinite(values)
    at, values = at[known], values[known]
    day = np.floor(at / _DAY_S).astype(np.int64)
    hour = np.floor(at % _DAY_S / 3600).astype(np.int64)
    weekend = (day + 3) % 7 >= 5
    cells = tuple(
        HourCell(h, w, MEDIAN.figure(float(np.median(values[mask])), scope, int(mask.sum())))
        for w in (False, True)
        for h in range(24)
        if (mask := (hour == h) & (weekend == w)).any()
    )
    weekday = ~weekend
    return TimeOfDay(cells, _contrast(day[weekday], hour[weekday], values[weekday], scope, rng, draws))


def _contrast(day: Ints, hour: Ints, values: Floats, scope: Scope, rng: np.random.Generator, draws: int) -> Figure:
    ratio = _ratio(hour, values)
    days = np.unique(day)
    if ratio is None or len(days) < 2:
        return BEST_WORST.figure(ratio, scope, len(days), note="too few days or hours for an interval")
    rows = {d: np.flatnonzero(day == d) for d in days}
    drawn = []
    for _ in range(draws):
        chosen = np.concatenate([rows[d] for d in rng.choice(days, len(days))])
        again = _ratio(hour[chosen], values[chosen])
        if again is not None:
            drawn.append(again)
    low, high = (float(x) for x in np.percentile(drawn, [2.5, 97.5])) if drawn else (float("nan"), float("nan"))
    return BEST_WORST.figure(ratio, scope, len(days), interval=(low, high))


def _ratio(hour: Ints, values: Floats) -> float | None:
    medians = [float(np.median(values[hour == h])) for h in np.unique(hour)]
    return max(medians) / min(medians) if len(medians) > 1 and min(medians) > 0 else None


def same_instant(first: datetime, second: datetime) -> bool:
    """Whether two zoned times are one instant; "2pm ET" and "2am Asia" are, in summer. ValueError for times without a zone."""
    if first.tzinfo is None or second.tzinfo is None:
        raise ValueError("a time without its zone names no instant")
    return first.astimezone(UTC) == second.astimezone(UTC)
