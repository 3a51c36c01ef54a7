"""M5 on a lake with a pool of known liquidity, and against books and bands of other venues."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

import analytics
from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.opposing import opposing
from analytics.answers.pools import pools, pools_at
from analytics.answers.window import Window
from analytics.lake import open_lake
from tests.analytics.report.cascade_lake import LATER_LIQUIDITY, LIQUIDITY

SNAPSHOT = datetime(2025, 3, 21, 0, 0, 10)  # noqa: DTZ001 the lake's times are UTC without an offset


@pytest.fixture
def lake(cascade: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cascade, read-only."""
    with open_lake(cascade) as connection:
        yield connection


def added(position_usd: float, level: int) -> float:
    """USD of price that one position at a level adds: its base over the pool's base per USD there, L / (2 p^1.5)."""
    return float(position_usd / 100 * 2 * level**1.5 / LIQUIDITY)


def test_the_gain_of_known_positions_against_a_known_pool(lake: duckdb.DuckDBPyConnection) -> None:
    longs = next(row for row in analytics.gain(lake, "ETH").to_pylist() if row["side"] == "long" and row["own_pool"])
    assert longs["depth_source"] == "perp_v2 pool, 1 ranges, block 5"
    assert longs["potential_2pct_usd"] == 0
    assert longs["potential_5pct_usd"] < added(10_000, 95) < longs["potential_10pct_usd"]
    assert longs["potential_25pct_usd"] == pytest.approx(added(10_000, 95) + added(20_000, 90), rel=2e-3)
    assert longs["gain_peak"] == pytest.approx(added(40_000, 70) / 0.07, rel=2e-2)
    assert longs["gain_peak_usd"] == pytest.approx(70, rel=1e-3)
    assert longs["self_sustaining"]
    assert longs["n"] == 4
    (note,) = [note for note in notes_of(analytics.gain(lake, "ETH")) if note.startswith("gain: ")]
    assert "use stressed depth" in note


def test_the_curve_is_the_tables(lake: duckdb.DuckDBPyConnection) -> None:
    curve = [row for row in analytics.gain_curve(lake, "ETH").to_pylist() if row["side"] == "long" and "pool" in row["depth_source"]]
    assert curve[0]["price_from_usd"] == pytest.approx(100)
    assert curve[-1]["price_to_usd"] == pytest.approx(70, rel=2e-3)
    assert curve[-1]["potential_usd"] == pytest.approx(sum(added(*one) for one in ((10_000, 95), (20_000, 90), (40_000, 70))), rel=2e-3)
    steps = np.array([row["price_from_usd"] - row["price_to_usd"] for row in curve])
    gains = np.array([row["gain"] for row in curve])
    assert curve[-1]["potential_usd"] == pytest.approx(float(steps @ gains))


def test_the_pool_follows_its_events(lake: duckdb.DuckDBPyConnection) -> None:
    found = pools(lake, Window(), "ETH")
    assert [one.block for one in found] == list(range(1, 61))
    assert {one.block < 20: round(float(one.pool.liquidity.sum()), 6) for one in found} == {True: LIQUIDITY, False: LATER_LIQUIDITY}
    (at,) = pools_at(lake, "ETH", SNAPSHOT)
    assert (at.block, at.pool.price) == (5, 100.0)
    assert pools_at(lake, "ETH", datetime(2000, 1, 1)) == []  # noqa: DTZ001 as above
    assert len(pools(lake, Window(), "ETH", most=7)) == 7


def test_books_and_bands_stand_beside_the_pool(lake: duckdb.DuckDBPyConnection) -> None:
    """Two books and one set of bands, an hour old at most."""
    later = datetime(2025, 3, 21, 0, 30)  # noqa: DTZ001 as above
    sources = [one.source for one in opposing(lake, "ETH", "ETH", later)]
    assert sources == [
        "perp_v2 pool, 1 ranges, block 60",
        "deep ETHdeep book, 2025-03-21 00:01:09 UTC",
        "thin ETHthin book, 2025-03-21 00:01:09 UTC",
        "deep ETHdeep depth bands, 2025-03-21 00:01:09 UTC",
    ]
    pool, book, _, bands = opposing(lake, "ETH", "ETH", later)
    within = [one.meets(1) for one in (pool, book, bands)]
    assert [float(base(np.array([0.01]))[0]) for base in within if base] == pytest.approx(
        [LATER_LIQUIDITY * (1 / np.sqrt(79.2) - 1 / np.sqrt(80)), 9_900, 9_900]
    )
    assert len(opposing(lake, "ETH", "ETH", datetime(2025, 3, 21, 2))) == 1  # noqa: DTZ001 as above


def test_without_depth_or_without_a_map_it_says_so(lake: duckdb.DuckDBPyConnection, nothing: Path) -> None:
    assert reason_of(analytics.gain(lake, "BTC")).startswith("no open positions of BTC")
    with open_lake(nothing) as empty, pytest.raises(analytics.LakeError, match="a map needs them"):
        analytics.gain(empty, "ETH")
