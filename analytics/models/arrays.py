"""Array types of the estimators and the checks made at their doors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.errors import AnalyticsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class ModelInputError(AnalyticsError):
    """The input breaks an estimator's contract (lengths differ, negative size, unsorted times): no number can be given."""


def floats(name: str, values: ArrayLike) -> Floats:
    """A one-dimensional float64 array; ModelInputError when it has another shape. `name` is for the message."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ModelInputError(f"{name} must be one-dimensional, it has shape {array.shape}")
    return array


def same_length(**arrays: NDArray[np.generic]) -> int:
    """The common length of the named arrays; ModelInputError naming all lengths when they differ."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ModelInputError("lengths differ: " + ", ".join(f"{name} {length}" for name, length in lengths.items()))
    return next(iter(lengths.values()))


def not_negative(name: str, array: Floats) -> None:
    """ModelInputError when a value is negative or not a number."""
    bad = ~(array >= 0)
    if bad.any():
        raise ModelInputError(f"{name} has {int(bad.sum())} negative or missing values, first at position {int(np.argmax(bad))}")


def increasing(name: str, array: Floats | Ints, *, strictly: bool = False) -> None:
    """ModelInputError when the array is not sorted; ties are refused when `strictly`."""
    steps = np.diff(array)
    if (steps <= 0).any() if strictly else (steps < 0).any():
        raise ModelInputError(f"{name} must be {'strictly ' if strictly else ''}increasing")


def sides(name: str, values: ArrayLike) -> Ints:
    """Position sides as int64: +1 long, -1 short; ModelInputError for anything else."""
    array = np.asarray(values, dtype=np.int64)
    if array.ndim != 1 or not np.isin(array, (-1, 1)).all():
        raise ModelInputError(f"{name} must hold +1 (long) and -1 (short) only")
    return array
