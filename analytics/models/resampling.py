"""Resampling for dependent series: the stationary bootstrap (Politis and Romano 1994) and Holm's correction (1979)."""

from collections.abc import Sequence

import numpy as np

from analytics.models.arrays import Floats, Ints, ModelInputError


def stationary_indices(length: int, mean_block: float, draws: int, rng: np.random.Generator) -> Ints:
    """(draws, length) indices: blocks of geometric length with the given mean, wrapped around the end."""
    if length < 1 or mean_block < 1 or draws < 1:
        raise ModelInputError("need a non-empty series, a mean block of at least 1 and at least one draw")
    fresh = rng.random((draws, length)) < 1 / mean_block
    fresh[:, 0] = True
    starts = rng.integers(0, length, (draws, length))
    position = np.arange(length)
    last = np.maximum.accumulate(np.where(fresh, position, 0), axis=1)
    begun = np.take_along_axis(starts, last, axis=1)
    return ((begun + position - last) % length).astype(np.int64)


def mean_difference(
    first: Floats, second: Floats, mean_block: float, draws: int, rng: np.random.Generator
) -> tuple[float, tuple[float, float], float]:
    """(difference of means, 95 % percentile interval, two-sided p against 0), each sample resampled by the stationary bootstrap."""
    if not len(first) or not len(second):
        raise ModelInputError("both samples need at least one value")
    difference = float(first.mean() - second.mean())
    a = first[stationary_indices(len(first), mean_block, draws, rng)].mean(axis=1)
    b = second[stationary_indices(len(second), mean_block, draws, rng)].mean(axis=1)
    drawn = a - b
    low, high = (float(x) for x in np.percentile(drawn, [2.5, 97.5]))
    extreme = int((np.abs(drawn - difference) >= abs(difference)).sum())
    return difference, (low, high), (1 + extreme) / (1 + draws)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm-adjusted p-values in input order."""
    count = len(p_values)
    adjusted = [0.0] * count
    running = 0.0
    for rank, index in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        running = max(running, min((count - rank) * p_values[index], 1.0))
        adjusted[index] = running
    return tuple(adjusted)
