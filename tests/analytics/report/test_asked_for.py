"""EVENT_OR_RANGE: what each spelling means, and one line for what means nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from analytics.answers.asked_for import asked_for
from analytics.errors import CallError
from analytics.lake import open_lake, open_market
from analytics.models.episodes import EpisodeRules
from tests.analytics.answers.conftest import LIQUIDATIONS

RULES = EpisodeRules(minute_floor_usd=50_000, total_floor_usd=500_000)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Ten minutes of BTC longs from 21:15, and of ETH longs from 21:20: one event."""
    directory = tmp_path_factory.mktemp("lake")
    with open_market(directory) as writer:
        writer.execute(LIQUIDATIONS)
        writer.execute(LIQUIDATIONS.replace("BTC", "ETH").replace("21:15", "21:20"))
    with open_lake(directory) as reader:
        yield reader


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """On 10 October 2025."""
    return datetime(2025, 10, 10, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-10-10T21:15", "2025-10-10 21:15:00", "2025-10-10T21:20Z", "2025-10-10T23:20+02:00", "last"])
def test_the_start_of_an_event_or_of_an_episode_in_it(lake: duckdb.DuckDBPyConnection, text: str) -> None:
    asked = asked_for(lake, text, RULES)
    assert (asked.window.since, asked.window.until) == (at(21, 15), at(21, 30))
    assert asked.title == "event of 2025-10-10 21:15 UTC (BTC, ETH)"


def test_ranges_and_everything(lake: duckdb.DuckDBPyConnection) -> None:
    assert asked_for(lake, "2025-10-10T21:00/2025-10-10T22:00").window.until == at(22, 0)
    assert asked_for(lake, "2025-10-10/").window.until is None
    everything = asked_for(lake, "all").window
    assert (everything.since, everything.until) == (at(21, 15), at(21, 29, 41))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yesterday", "is no time"),
        ("2025-10-10T21:16", "no event starts at 2025-10-10 21:16 UTC"),
        ("2025-10-11/2025-10-10", "ends before it begins"),
        ("soon/later", "'soon' is no time"),
    ],
)
def test_what_means_nothing_is_one_line(lake: duckdb.DuckDBPyConnection, text: str, told: str) -> None:
    with pytest.raises(CallError, match=told) as refused:
        asked_for(lake, text, RULES)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_no_event_at_all(nothing: Path) -> None:
    with open_lake(nothing) as empty, pytest.raises(CallError, match="has no event"):
        asked_for(empty, "last")
