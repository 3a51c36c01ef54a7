"""`episodes` from a lake: what is read, what is left out, and why nothing is found."""

from datetime import UTC, datetime

import duckdb

from analytics.answers.episodes import episodes
from analytics.answers.window import Window
from analytics.models.episodes import EpisodeRules

RULES = EpisodeRules(minute_floor_usd=50_000, total_floor_usd=500_000)
TEN = datetime(2025, 10, 10, tzinfo=UTC)


def test_an_episode_of_traders_without_the_vaults_unwinds(lake: duckdb.DuckDBPyConnection) -> None:
    found = episodes(lake, RULES)
    assert len(found.episodes) == 1
    episode = found.episodes[0]
    assert (episode.underlying, episode.side, episode.stop - episode.start) == ("BTC", 1, 10)
    assert episode.total.value == 27 * 100_000
    assert (episode.total.quality, episode.total.window) == ("sampled", "all that was recorded")
    assert found.recorded_from == datetime(2025, 10, 10, 21, 15)  # noqa: DTZ001 lake times carry no offset
    assert episode.venues == ("binance",)
    assert episode.price_move.value == 0
    assert len(found.sensitivity) == 9
    assert found.reason == ""


def test_window_and_underlying_choose(lake: duckdb.DuckDBPyConnection) -> None:
    inside = episodes(lake, RULES, Window(TEN, datetime(2025, 10, 11, tzinfo=UTC)), "BTC")
    assert len(inside.episodes) == 1
    assert inside.episodes[0].total.window == "2025-10-10 00:00:00 to 2025-10-11 00:00:00 UTC"
    after = episodes(lake, RULES, Window(since=datetime(2025, 10, 11, tzinfo=UTC)))
    assert after.episodes == ()
    assert "no minute series" in after.reason
    other = episodes(lake, RULES, underlying="ETH")
    assert other.episodes == ()
    assert other.reason == "no liquidations of ETH in all that was recorded"


def test_a_cut_window_still_sees_the_history_of_its_baseline(lake: duckdb.DuckDBPyConnection) -> None:
    late = episodes(lake, RULES, Window(since=datetime(2025, 10, 10, 21, 20, tzinfo=UTC)))
    assert late.episodes[0].start == late.episodes[0].stop - 10


def test_an_empty_lake_has_its_reason(empty_lake: duckdb.DuckDBPyConnection) -> None:
    found = episodes(empty_lake, RULES, Window(until=TEN))
    assert (found.episodes, found.minutes, found.recorded_from) == ((), 0, None)
    assert found.reason == "no liquidations in the first record to 2025-10-10 00:00:00 UTC"
