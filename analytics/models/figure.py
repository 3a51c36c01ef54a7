"""The one form in which a number leaves the estimators."""

import math
from dataclasses import dataclass

VERSION = "1"
"""Raised whenever a definition or its implementation changes, so that archived rows stay comparable."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a number was computed from: the time window in words, the quality of its input and the share of the market it covers."""

    window: str
    quality: str
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with everything needed to trust or doubt it. `value` is None when it is not defined; `note` then says why.

    `caveat` is the definition's standing one with the note after it."""

    metric: str
    name: str
    value: float | None
    unit: str
    n: int
    window: str
    quality: str
    caveat: str
    definition: str
    interval: tuple[float, float] | None = None
    coverage: float | None = None
    note: str = ""
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric's fixed part: its number in the specification, name, unit, formula and standing caveat."""

    metric: str
    name: str
    unit: str
    formula: str
    caveat: str = ""

    def figure(self, value: float | None, scope: Scope, n: int, *, interval: tuple[float, float] | None = None, note: str = "") -> Figure:
        """The figure of this definition; a value that is not finite becomes None. `note` is appended to the caveat."""
        known = None if value is None or not math.isfinite(value) else float(value)
        caveat = "; ".join(part for part in (self.caveat, note) if part)
        return Figure(
            self.metric,
            self.name,
            known,
            self.unit,
            int(n),
            scope.window,
            scope.quality,
            caveat,
            self.formula,
            interval,
            scope.coverage,
            note,
        )
