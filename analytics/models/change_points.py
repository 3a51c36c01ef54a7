"""Change points of an event rate: the best split into K pieces for each K (Poisson likelihood, dynamic programming)."""

import numpy as np

from analytics.models.arrays import Floats

_BINS = 400
"""Resolution of candidate change points: the window is cut into this many equal bins."""


def segmentations(times: Floats, end: float, most_pieces: int) -> tuple[Floats, ...]:
    """Edges (0 .. end) of the most likely piecewise constant rate with 1, 2, .. `most_pieces` pieces."""
    counts = np.histogram(times, bins=_BINS, range=(0, end))[0]
    cumulative = np.concatenate([[0], np.cumsum(counts)])
    width = end / _BINS
    first, last = np.meshgrid(np.arange(_BINS + 1), np.arange(_BINS + 1), indexing="ij")
    inside = (cumulative[last] - cumulative[first]).astype(np.float64)
    length = np.where(last > first, (last - first) * width, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(inside > 0, inside * np.log(inside / length), 0.0)
    gain = np.where(last > first, gain, -np.inf)
    best, came_from = gain[0], []
    found = [np.array([0.0, end])]
    for _ in range(1, most_pieces):
        through = best[:, None] + gain
        came_from.append(np.argmax(through, axis=0))
        best = through.max(axis=0)
        found.append(_edges(came_from) * width)
    return tuple(found)


def _edges(came_from: list[np.ndarray[tuple[int], np.dtype[np.intp]]]) -> Floats:
    path = [_BINS]
    for choice in reversed(came_from):
        path.append(int(choice[path[-1]]))
    return np.array([0, *reversed(path)], dtype=np.float64)
