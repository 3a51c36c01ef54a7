"""M6: did the map foresee what was liquidated, given the path the price took?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, not_negative, same_length
from analytics.models.figure import Definition, Figure, Scope
from analytics.models.liquidation_map import Levels, long_beyond, short_beyond

_PATH = "conditional on the realised path: tests the map, not a price forecast"
LOG_ERROR = Definition("M6", "median log error", "1", "median ln(predicted / realised) where both are positive", _PATH)
SLOPE = Definition("M6", "slope through origin", "1", "sum(predicted x realised) / sum(predicted^2)", _PATH)
MAE = Definition("M6", "mean absolute error", "USD", "mean |predicted - realised|", _PATH)
SKILL = Definition("M6", "skill", "1", "1 - MAE / MAE of the baseline", _PATH)


@dataclass(frozen=True, slots=True)
class Skill:
    """Scores of one map over its snapshots; `against` holds (baseline name, skill)."""

    log_error: Figure
    slope: Figure
    error: Figure
    against: tuple[tuple[str, Figure], ...]


def predicted(at: Levels, mark: float, low: float, high: float) -> tuple[float, float]:
    """(longs, shorts) in USD that the map places between the mark and the realised extremes of the mark price, low <= mark <= high."""
    if not low <= mark <= high:
        raise ModelInputError(f"extremes {low} and {high} do not enclose the mark {mark}")
    return long_beyond(at, mark, low), short_beyond(at, mark, high)


def score(prediction: ArrayLike, realised: ArrayLike, baselines: Mapping[str, ArrayLike], scope: Scope) -> Skill:
    """Scores over snapshots (one entry each, USD). A baseline that is itself exact gives no skill figure (None)."""
    guess, truth = floats("prediction", prediction), floats("realised", realised)
    n = same_length(prediction=guess, realised=truth)
    not_negative("prediction", guess)
    not_negative("realised", truth)
    if n == 0:
        raise ModelInputError("no snapshots to score")
    both = (guess > 0) & (truth > 0)
    log_error = float(np.median(np.log(guess[both] / truth[both]))) if both.any() else None
    square = float(guess @ guess)
    error = float(np.abs(guess - truth).mean())
    against = tuple((name, _skill(error, floats(name, values), truth, scope)) for name, values in baselines.items())
    return Skill(
        LOG_ERROR.figure(log_error, scope, int(both.sum())),
        SLOPE.figure(float(guess @ truth) / square if square > 0 else None, scope, n),
        MAE.figure(error, scope, n),
        against,
    )


def _skill(error: float, baseline: Floats, truth: Floats, scope: Scope) -> Figure:
    n = same_length(baseline=baseline, realised=truth)
    reference = float(np.abs(baseline - truth).mean())
    return SKILL.figure(
        1 - error / reference if reference > 0 else None, scope, n, note="" if reference > 0 else "the baseline makes no error"
    )
