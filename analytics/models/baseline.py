"""The usual level of a sparse minute series: the median over the 30 days before, by hour of the UTC day."""

import numpy as np

from analytics.models.arrays import Floats, Ints

_DAY = 1440
_HOUR = 60


def hourly_median(minute: Ints, value: Floats, at: Ints, recorded_from: int, days: int) -> tuple[Floats, Ints]:
    """(median, days of history) for each minute of `at`, from the `days` UTC days before its own day: the present never feeds its own
    baseline.

    Minutes without a bar count as 0 once recording began (`recorded_from`); with no history the median is 0 and the days are 0."""
    order, key = _by_hour(minute)
    values = value[order]
    hour, day = at % _DAY // _HOUR, at // _DAY
    began = recorded_from // _DAY + (recorded_from % _DAY > hour * _HOUR)
    first = np.maximum(day - days, began)
    history = np.maximum(day - first, 0)
    _, sample, back = np.unique(_key(hour, day), return_index=True, return_inverse=True)
    lo = np.searchsorted(key, _key(hour[sample], first[sample]))
    hi = np.searchsorted(key, _key(hour[sample], day[sample]))
    minutes = _HOUR * history[sample]
    medians = np.zeros(len(sample))
    for cell in np.flatnonzero(minutes // 2 >= minutes - (hi - lo)):
        medians[cell] = _median_with_zeros(values[lo[cell] : hi[cell]], int(minutes[cell]))
    return medians[back], history.astype(np.int64)


def _by_hour(minute: Ints) -> tuple[Ints, Ints]:
    key = _key(minute % _DAY // _HOUR, minute // _DAY)
    order = np.argsort(key, kind="stable").astype(np.int64)
    return order, key[order]


def _key(hour: Ints, day: Ints) -> Ints:
    return hour * 10_000_000 + day


def _median_with_zeros(values: Floats, count: int) -> float:
    """Median of `values` filled up with zeros to `count` entries."""
    if count == 0:
        return 0.0
    zeros = count - len(values)
    middle = [position - zeros for position in ((count - 1) // 2, count // 2)]
    parted = np.partition(values, [max(position, 0) for position in middle])
    return float(sum(parted[position] for position in middle if position >= 0)) / 2
