"""M26: hours are UTC, and S3's contrast of hours is no contrast."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.models.figure import Scope
from analytics.models.time_of_day import by_hour, same_instant


def test_two_pm_eastern_is_two_am_asia_in_summer_only() -> None:
    new_york, singapore = ZoneInfo("America/New_York"), ZoneInfo("Asia/Singapore")
    assert same_instant(datetime(2026, 7, 1, 14, tzinfo=new_york), datetime(2026, 7, 2, 2, tzinfo=singapore))
    assert not same_instant(datetime(2026, 1, 5, 14, tzinfo=new_york), datetime(2026, 1, 6, 2, tzinfo=singapore))
    with pytest.raises(ValueError, match="zone"):
        same_instant(datetime(2026, 7, 1, 14), datetime(2026, 7, 2, 2))  # noqa: DTZ001 (the refusal of such times is under test)


def test_planted_hours_are_recovered(scope: Scope) -> None:
    rng = np.random.default_rng(1)
    time = np.arange(0, 28 * 86400, 600.0)
    hour = time % 86400 // 3600
    weekend = (np.floor(time / 86400) + 3) % 7 >= 5
    level = np.where(hour == 14, 30.0, np.where(hour == 2, 10.0, 20.0)) * np.where(weekend, 0.5, 1.0)
    made = by_hour(time, level * rng.lognormal(0, 0.1, len(time)), scope, rng, draws=200)
    cells = {(cell.hour, cell.weekend): cell.median.value for cell in made.cells}
    assert len(cells) == 48
    assert cells[14, False] == pytest.approx(30, rel=0.03)
    assert cells[14, True] == pytest.approx(15, rel=0.05)
    assert made.best_over_worst.value == pytest.approx(3, rel=0.05)
    low, high = made.best_over_worst.interval or (0, 0)
    assert low < 3.05
    assert high > 2.95
    assert high - low < 0.4


def test_1970_began_on_a_thursday(scope: Scope) -> None:
    rng = np.random.default_rng(0)
    days = {day: by_hour([day * 86400.0], [1.0], scope, rng).cells[0].weekend for day in range(7)}
    assert [day for day, weekend in days.items() if weekend] == [2, 3]


def test_one_hour_has_no_contrast_and_gaps_are_left_out(scope: Scope) -> None:
    made = by_hour([0.0, 10.0], [1.0, np.nan], scope, np.random.default_rng(0))
    assert made.best_over_worst.value is None
    assert made.cells[0].median.n == 1
