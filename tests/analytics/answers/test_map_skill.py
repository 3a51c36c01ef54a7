"""M6: both maps of one snapshot against the map of the day before, on a fall of known size."""

from pathlib import Path
from typing import Any

import pytest

import analytics
from analytics.answers.annotated import notes_of
from analytics.lake import open_lake
from keeper.domain.records import PositionSnapshotRecord, Raw, Record
from tests.analytics.answers.test_common_shock import state
from tests.analytics.keeper_lake import BLOCK_SECONDS, VENUE, Rows, where, write_lake

DAY = 86_400 // BLOCK_SECONDS
NOW = DAY + 10


def position(number: int, account: str, notional: float, alone: float) -> PositionSnapshotRecord:
    """A long at a mark of 100."""
    money: dict[str, Any] = {"equity_usd": 1e6, "requirement_usd": 1.0, "open_notional_usd": notional}
    raw: dict[str, Any] = {
        "size_raw": Raw("1"),
        "open_notional_raw": Raw("1"),
        "has_orders": False,
        "size_decimals": 18,
        "usd_decimals": 18,
    }
    prices: dict[str, Any] = {"mark_price": 100.0, "liquidation_price": alone}
    names: dict[str, Any] = {"venue": VENUE, "account": account, "market": "ETH", "underlying": "ETH"}
    return PositionSnapshotRecord(size=notional / 100, **names, **prices, **money, **raw, **where(number))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Yesterday's map has one long of 4,000 USD at 95, today's has it and another of 10,000 at 90; the fall to 85 takes both."""
    blocks: dict[int, list[Record]] = {
        5: [state(5, "ETH", 100.0), position(5, "old", 4_000.0, 95.0)],
        NOW: [state(NOW, "ETH", 100.0), position(NOW, "old", 4_000.0, 95.0), position(NOW, "new", 10_000.0, 90.0)],
        NOW + 5: [
            state(NOW + 5, "ETH", 85.0),
            Rows(NOW + 5).liquidation("old", "ETH", 4_000.0, "long"),
            Rows(NOW + 5).liquidation("new", "ETH", 10_000.0, "long"),
        ],
    }
    write_lake(tmp_path, blocks)
    return tmp_path


def test_todays_map_against_yesterdays(directory: Path) -> None:
    with open_lake(directory) as lake:
        found = analytics.map_skill(lake)
    longs, shorts = found.to_pylist()
    assert (longs["predicted_usd"], longs["realised_usd"], longs["day_before_usd"]) == (14_000.0, 14_000.0, 4_000.0)
    assert (shorts["predicted_usd"], shorts["day_before_usd"]) == (0.0, 0.0)
    (alone,) = [note for note in notes_of(found) if note.startswith("all else still")]
    assert "skill: 1 against the map of the day before" in alone


def test_without_an_older_map_there_is_no_such_baseline(cascade: Path) -> None:
    with open_lake(cascade) as lake:
        found = analytics.map_skill(lake)
    assert found["day_before_usd"].null_count == found.num_rows
    assert not any("the day before" in note for note in notes_of(found))
