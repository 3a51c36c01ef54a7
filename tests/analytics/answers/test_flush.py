"""The fall of open interest around an episode, per venue, in base units."""

import duckdb
import pytest

from analytics.answers.episodes import episodes
from analytics.answers.flush import flushes
from analytics.models.episodes import EpisodeRules

RULES = EpisodeRules(minute_floor_usd=50_000, total_floor_usd=500_000)


def test_flush_from_before_the_start_to_the_lowest_after(lake: duckdb.DuckDBPyConnection) -> None:
    found = episodes(lake, RULES).episodes
    ((one,),) = flushes(lake, found)
    assert (one.venue, one.market, one.flush.before, one.flush.lowest) == ("binance", "BTCUSDT", 1000.0, 700.0)
    assert one.flush.share.value == pytest.approx(0.3)
    assert one.flush.share.quality == "exact"
    assert flushes(lake, ()) == ()


def test_without_records_there_is_no_flush(lake: duckdb.DuckDBPyConnection, empty_lake: duckdb.DuckDBPyConnection) -> None:
    assert flushes(empty_lake, episodes(lake, RULES).episodes) == ((),)
