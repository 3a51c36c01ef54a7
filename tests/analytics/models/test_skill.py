"""M6: a true map scores one, the inferred one less."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.inferred_map import infer
from analytics.models.liquidation_map import levels
from analytics.models.skill import predicted, score


def test_prediction_counts_both_sides_up_to_the_extremes() -> None:
    at = levels([95.0, 90.0, 105.0, 110.0], [1, 1, -1, -1], [1.0, 2.0, 4.0, 8.0])
    assert predicted(at, 100.0, 94.0, 110.0) == (1.0, 12.0)
    assert predicted(at, 100.0, 100.0, 100.0) == (0.0, 0.0)
    with pytest.raises(ModelInputError, match="enclose"):
        predicted(at, 100.0, 101.0, 110.0)


def test_a_perfect_map_has_skill_one_and_a_baseline_none_against_itself(scope: Scope) -> None:
    truth = np.array([1.0, 5.0, 0.0, 3.0])
    made = score(truth, truth, {"yesterday": truth + 1, "itself": truth}, scope)
    assert made.error.value == 0
    assert made.slope.value == pytest.approx(1)
    assert made.log_error.value == pytest.approx(0)
    assert made.log_error.n == 3
    skills = dict(made.against)
    assert skills["yesterday"].value == 1
    assert skills["itself"].value is None


def test_a_map_twice_too_large_says_so(scope: Scope) -> None:
    truth = np.array([1.0, 2.0, 3.0])
    made = score(2 * truth, truth, {}, scope)
    assert made.slope.value == pytest.approx(0.5)
    assert made.log_error.value == pytest.approx(np.log(2))


def test_a_true_map_beats_the_inferred_one(scope: Scope) -> None:
    """Traders open at leverages 3..20 with maintenance; the inferred map books them at 10, 25, 50 and 100."""
    rng = np.random.default_rng(11)
    exact, inferred, realised = [], [], []
    for _ in range(40):
        entry = 100 * np.exp(rng.normal(0, 0.01, 300))
        leverage, usd = rng.uniform(3, 20, 300), rng.lognormal(10, 1, 300)
        true = levels(entry * (1 - 1 / leverage) / (1 - 0.01), np.ones(300), usd)
        low = 100 * np.exp(-abs(rng.normal(0, 0.06)))
        hit = predicted(true, 100.0, low, 100.0)[0]
        topped_up = rng.uniform(0.7, 1.0)
        realised.append(hit * topped_up)
        exact.append(hit)
        inferred.append(predicted(infer(entry, np.ones(300), usd, 0.0), 100.0, low, 100.0)[0])
    made = score(exact, realised, {"inferred leverage": inferred}, scope)
    skill = dict(made.against)["inferred leverage"].value
    assert skill is not None
    assert skill > 0.5
    assert made.slope.value == pytest.approx(0.85, abs=0.05)


def test_inferred_levels_share_the_notional_and_ignore_small_trades() -> None:
    at = infer([100.0, 100.0, 100.0], [1, -1, 1], [80.0, 40.0, 1.0], 10.0)
    assert at.notional.sum() == pytest.approx(120.0)
    assert sorted(at.price[at.side == 1]) == pytest.approx([90.0, 96.0, 98.0, 99.0])
    assert sorted(at.price[at.side == -1]) == pytest.approx([101.0, 102.0, 104.0, 110.0])


def test_nothing_to_score_is_refused(scope: Scope) -> None:
    with pytest.raises(ModelInputError, match="no snapshots"):
        score([], [], {}, scope)
