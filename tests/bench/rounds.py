"""Measuring side by side: contenders take turns, so that what slows the machine down slows all of them down."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Compared:
    """One question measured for a contender and for its baseline in the same rounds; the smaller value is the better one.

    `values` and `baseline_values` hold one value per round, in `unit`."""

    question: str
    contender: str
    baseline: str
    unit: str
    values: tuple[float, ...]
    baseline_values: tuple[float, ...]
    note: str = ""

    @property
    def rounds(self) -> int:
        """n of the medians."""
        return len(self.values)

    @property
    def value(self) -> float:
        """Median of the contender's rounds."""
        return median(self.values)

    @property
    def baseline_value(self) -> float:
        """Median of the baseline's rounds."""
        return median(self.baseline_values)

    @property
    def ratio(self) -> float:
        """How many times less the contender takes: the median of the rounds' own ratios; below 1 it takes more, inf: it takes nothing."""
        pairs = zip(self.values, self.baseline_values, strict=True)
        return median(theirs / ours if ours else float("inf") for ours, theirs in pairs)


def alternate(contenders: Mapping[str, Callable[[], object]], rounds: int) -> Mapping[str, tuple[float, ...]]:
    """Seconds per round of each contender, after one round that does not count. Who is first changes from round to round."""
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            began = time.perf_counter()
            contenders[name]()
            elapsed = time.perf_counter() - began
            if turn:
                seconds[name].append(elapsed)
    return {name: tuple(values) for name, values in seconds.items()}


def scaled(values: Sequence[float], factor: float) -> tuple[float, ...]:
    """The values in another unit."""
    return tuple(value * factor for value in values)
