"""`liquidation_map` from a lake: the right snapshot, the right sides, and everything that is not on the map."""

from datetime import UTC, datetime

import duckdb
import pytest

from analytics.answers.liquidation_map import liquidation_map
from analytics.errors import LakeError


def test_the_newest_snapshot_is_mapped(lake: duckdb.DuckDBPyConnection) -> None:
    answer = liquidation_map(lake, "ETH")
    made = answer.map
    assert made is not None
    assert (made.longs.sum(), made.shorts.sum()) == (200.0, 100.0)
    assert (made.excluded.unreachable, made.excluded.immediate) == (400.0, 300.0)
    assert answer.blocks == (("perp_v2", 2),)
    assert answer.taken_at == datetime(2026, 1, 1, 2)  # noqa: DTZ001 lake times carry no offset
    assert answer.max_pain is not None
    assert answer.max_pain.long_victims.value == pytest.approx(95, rel=1e-3)
    by_window = {window: figure.value for window, figure, _ in answer.asymmetry}
    assert by_window[0.10] == pytest.approx(0.5)


def test_coverage_is_against_the_open_interest_of_that_block(lake: duckdb.DuckDBPyConnection) -> None:
    longs, shorts = liquidation_map(lake, "ETH").coverage
    assert longs.value == pytest.approx(900 / 1800)
    assert shorts.value == pytest.approx(100 / 200)


def test_an_earlier_moment_has_its_own_snapshot(lake: duckdb.DuckDBPyConnection) -> None:
    answer = liquidation_map(lake, "ETH", datetime(2026, 1, 1, 1, 30, tzinfo=UTC))
    assert answer.map is not None
    assert answer.map.longs.sum() == 200.0
    assert answer.map.shorts.sum() == 0
    assert answer.blocks == (("perp_v2", 1),)


@pytest.mark.parametrize(
    ("market", "at", "venue"),
    [("DOGE", None, None), ("ETH", datetime(2025, 1, 1, tzinfo=UTC), None), ("ETH", None, "other")],
)
def test_nothing_to_map_has_its_reason(lake: duckdb.DuckDBPyConnection, market: str, at: datetime | None, venue: str | None) -> None:
    answer = liquidation_map(lake, market, at, venue)
    assert answer.map is None
    assert f"no open positions of {market}" in answer.reason


def test_a_lake_without_a_keeper_says_so(empty_lake: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(LakeError, match="needs them"):
        liquidation_map(empty_lake, "ETH")
