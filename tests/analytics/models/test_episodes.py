"""M7: an episode is found where it was planted, with the definition's edges; the past alone makes the baseline."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import Floats, ModelInputError
from analytics.models.baseline import hourly_median
from analytics.models.episodes import Episode, EpisodeRules, MinuteBars, burst_rate, survey, top_share
from analytics.models.figure import Scope

DAY = 1440
RULES = EpisodeRules(minute_floor_usd=1000.0, total_floor_usd=2500.0)
START = 40 * DAY + 21 * 60


def _bars(values: dict[int, float], side: int = 1, underlying: str = "BTC", price: Floats | None = None) -> MinuteBars:
    minutes = sorted(values)
    prices = np.full(len(minutes), 100.0) if price is None else price
    venues = np.arange(len(minutes)) % 2 + 1
    return MinuteBars(
        underlying,
        side,
        np.array(minutes, np.int64),
        np.array([values[m] for m in minutes], np.float64),
        prices,
        venues,
        ("a", "b", "c"),
        "exact",
    )


def find(series: list[MinuteBars], rules: EpisodeRules, recorded_from: int, window: str) -> tuple[Episode, ...]:
    return survey(series, rules, recorded_from, window).episodes


def _spans(values: dict[int, float], rules: EpisodeRules = RULES, recorded_from: int = 0) -> list[tuple[int, int]]:
    return sorted((episode.start - START, episode.stop - START) for episode in find([_bars(values)], rules, recorded_from, "w"))


def _at(**minutes: float) -> dict[int, float]:
    return {START + int(name[1:]): value for name, value in minutes.items()}


def test_two_hot_minutes_start_an_episode_and_one_does_not() -> None:
    assert _spans(_at(m0=2000, m1=2000)) == [(0, 2)]
    assert _spans(_at(m0=9000)) == []
    assert _spans(_at(m0=2000, m2=2000)) == []
    assert _spans(_at(m0=1000, m1=5000)) == []


def test_five_quiet_minutes_end_it_and_four_do_not() -> None:
    quiet = {f"m{k}": 150.0 for k in range(2, 6)}
    assert _spans(_at(m0=2000, m1=2000, **quiet, m6=200)) == [(0, 7)]
    assert _spans(_at(m0=2000, m1=2000, **quiet, m6=150, m7=200)) == [(0, 2)]


def test_gaps_below_ten_minutes_are_merged() -> None:
    burst = {"m0": 2000.0, "m1": 2000.0}
    assert _spans(_at(**burst, m11=2000, m12=2000)) == [(0, 13)]
    assert _spans(_at(**burst, m12=2000, m13=2000)) == [(0, 2), (12, 14)]


def test_small_episodes_are_dropped_after_merging() -> None:
    small = {"m0": 1100.0, "m1": 1100.0}
    assert _spans(_at(**small)) == []
    assert _spans(_at(**small, m8=1100, m9=1100)) == [(0, 10)]


def test_the_baseline_is_the_median_of_the_same_hour_of_the_thirty_days_before() -> None:
    usual = {day * DAY + 21 * 60 + minute: 300.0 for day in range(10, 40) for minute in range(60)}
    busy = {**usual, **_at(m0=2000, m1=2000)}
    assert _spans(busy) == []
    assert _spans({**usual, **_at(m0=3100, m1=3100)}) == [(0, 2)]
    other_hour = {minute + 120: value for minute, value in usual.items() if minute // DAY < 39}
    assert _spans({**other_hour, **_at(m0=2000, m1=2000)}) == [(0, 2)]


def test_the_present_day_and_the_future_never_feed_the_baseline() -> None:
    burst = _at(**{f"m{k}": 5000.0 for k in range(50)})
    future = {START + DAY * day + k: 50_000.0 for day in range(1, 40) for k in range(60)}
    assert (0, 50) in _spans({**burst, **future})


@given(st.integers(0, 2**32 - 1))
def test_baseline_equals_a_dense_median(seed: int) -> None:
    rng = np.random.default_rng(seed)
    recorded = int(rng.integers(0, 3 * DAY))
    minute = np.unique(rng.choice(np.arange(recorded, 8 * DAY), 6000))
    value = rng.lognormal(0, 1, len(minute))
    dense = np.zeros(8 * DAY)
    dense[minute] = value
    at = rng.choice(minute, 20)
    median, days = hourly_median(minute, value, at, recorded, 5)
    for m, got, history in zip(at.tolist(), median, days, strict=True):
        hour = m % DAY // 60
        wanted = [d for d in range(max(m // DAY - 5, 0), m // DAY) if d * DAY + hour * 60 >= recorded]
        expected = np.median(np.concatenate([dense[d * DAY + hour * 60 : d * DAY + hour * 60 + 60] for d in wanted])) if wanted else 0.0
        assert history == len(wanted)
        assert got == pytest.approx(expected)


def test_figures_of_an_episode() -> None:
    longs = _bars(_at(m0=2000, m1=6000, m2=2000))
    shorts = _bars(_at(m1=1000, m2=1500), side=-1)
    found = find([longs, shorts], RULES, 0, "10 Oct")
    assert len(found) == 1
    episode = found[0]
    assert (episode.total.value, episode.peak_minute - START, episode.peak_usd) == (10_000, 1, 6000)
    assert episode.peak_share.value == pytest.approx(0.6)
    assert episode.long_share.value == pytest.approx(0.8)
    assert episode.baseline_days == 30
    assert find([longs], RULES, START, "w")[0].baseline_days == 0


def test_price_move_is_the_worst_for_the_victims_and_venues_are_named() -> None:
    price = np.array([100.0, 97.0, 98.0, np.nan])
    hot = _at(m0=2000, m1=2000, m2=2000, m3=2000)
    long, short = (find([_bars(hot, side, price=price)], RULES, 0, "w")[0] for side in (1, -1))
    assert long.price_move.value == pytest.approx(-0.03)
    assert short.price_move.value == pytest.approx(0.0)
    assert long.price_move.n == 3
    assert long.venues == ("a", "b")
    blind = find([_bars(hot, price=np.full(4, np.nan))], RULES, 0, "w")[0]
    assert blind.price_move.value is None


def test_underlyings_and_sides_are_kept_apart() -> None:
    hot = _at(m0=2000, m1=2000)
    found = find([_bars(hot), _bars(hot, side=-1), _bars(hot, underlying="ETH")], RULES, 0, "w")
    assert sorted((episode.underlying, episode.side) for episode in found) == [("BTC", -1), ("BTC", 1), ("ETH", 1)]


def test_sensitivity_is_nine_cells_around_the_rules() -> None:
    values = _at(m0=2100, m1=2100) | {START + 300 + k: 800.0 for k in range(5)}
    bars = _bars(values)
    table = survey([bars], RULES, 0, "w").sensitivity
    assert len({(cell.start_multiple, cell.minute_floor_usd) for cell in table}) == 9
    cells = {(cell.start_multiple, cell.minute_floor_usd): cell for cell in table}
    assert cells[10.0, 1000.0].episodes == len(find([bars], RULES, 0, "w")) == 1
    assert cells[10.0, 500.0].episodes == 2
    assert cells[10.0, 500.0].total_usd == pytest.approx(8200)
    assert cells[20.0, 2000.0].episodes == 1


@given(st.integers(0, 2**32 - 1))
def test_sensitivity_of_the_middle_cell_is_the_main_result(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values: dict[int, float] = defaultdict(float)
    for minute in rng.integers(START, START + 600, 150):
        values[int(minute)] += float(rng.lognormal(6.5, 1))
    bars = _bars(values)
    middle = survey([bars], RULES, 0, "w").sensitivity[4]
    found = find([bars], RULES, 0, "w")
    assert middle.episodes == len(found)
    assert middle.total_usd == pytest.approx(sum(episode.total.value or 0 for episode in found))


def test_an_empty_series_has_no_episodes() -> None:
    empty = _bars({})
    assert find([empty], RULES, 0, "w") == ()
    assert survey([empty], RULES, 0, "w").sensitivity[0].episodes == 0


def test_amberdata_shares_and_rates_of_10_october(scope: Scope) -> None:
    assert top_share(3.21, 9.89) == pytest.approx(0.325, abs=5e-4)
    assert top_share(6.93, 9.89) == pytest.approx(0.701, abs=5e-4)
    assert burst_rate(6.93, 40, 9.89, 840, scope).value == pytest.approx(46.8, abs=0.05)
    assert pytest.approx(14.7, abs=0.05) == 6.93 / 40 / (9.89 / 840)
    with pytest.raises(ModelInputError):
        top_share(2.0, 1.0)


def test_impossible_rules_are_refused() -> None:
    with pytest.raises(ModelInputError):
        EpisodeRules(end_multiple=20.0)
