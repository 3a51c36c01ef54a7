"""`analytics summary`: the 21 March 2025 example to the last printed digit, latency, skips, windows, and lakes with nothing in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import LakeError
from analytics.lake import open_lake, open_market
from analytics.summary import Summary, Window, summarise
from keeper.domain.records import Record
from tests.analytics.keeper_lake import Rows, example_blocks, write_lake


def summary_of(directory: Path, window: Window | None = None) -> Summary:
    """The lake's summary."""
    with open_lake(directory) as lake:
        return summarise(lake, window)


def test_the_example_of_21_march_2025(tmp_path: Path) -> None:
    """Shares per market, the blended share of the total row, the exact sum."""
    write_lake(tmp_path, example_blocks())
    found = summary_of(tmp_path)
    rows = {row["market"]: row for row in found.markets.to_pylist()}
    assert list(rows) == ["BTC", "ETH", "SOL", "total"]
    assert [round(100 * row["long_share"], 2) for row in rows.values()] == [79.25, 70.32, 92.35, 77.42]
    assert [round(100 * row["short_share"], 2) for row in rows.values()] == [20.75, 29.68, 7.65, 22.58]
    assert [round(row["notional_usd"] / 1e6, 2) for row in rows.values()] == [78.47, 51.71, 15.00, 145.18]
    total = rows["total"]
    assert round(total["notional_usd"] * total["long_share"] / 1e6, 2) == 112.40
    assert (total["liquidations"], total["long_count"], total["short_count"], total["accounts"]) == (6, 3, 3, 6)
    assert total["reward_usd"] == pytest.approx(145.18e6 * 0.0125)
    assert (total["by_keeper"], total["by_others"]) == (3, 3)
    assert total["keeper_share"] == pytest.approx(total["long_share"])
    assert (found.n, found.quality) == (6, "exact")
    assert found.covered.to_pylist()[0]["blocks"] == 3


@pytest.mark.parametrize(
    ("tests", "earlier", "latency"),
    [
        ({4: "positions"}, [], 1),
        ({2: "positions", 3: "positions", 4: "positions"}, [], 3),
        ({1: "positions", 2: None, 4: "positions"}, [], 1),
        ({5: "positions"}, [], None),
        ({}, [], None),
        ({3: None}, [], None),
        ({1: "positions", 2: "positions", 3: "positions", 4: "positions"}, [3], 2),
        ({1: "positions", 2: "positions"}, [2], 3),
        ({1: "positions"}, [2], None),
    ],
    ids=["one", "since three", "healthy between", "only after", "never tested", "healthy", "partial", "still breached", "cured"],
)
def test_latency_counts_from_the_first_block_found_liquidatable(
    tmp_path: Path, tests: dict[int, str | None], earlier: list[int], latency: int | None
) -> None:
    """The victim is liquidated in block 5. Tests of block 5 itself see the state after it."""
    blocks: dict[int, list[Record]] = {number: [] for number in range(1, 6)}
    for number, breach in tests.items():
        blocks[number].append(Rows(number).evaluation("victim", breach))
        blocks[number].append(Rows(number).evaluation("bystander", "positions"))
    for number in (*earlier, 5):
        blocks[number].append(Rows(number).liquidation("victim", "ETH" if number == 5 else "BTC", 100.0, "long"))
    write_lake(tmp_path, blocks)
    rows = {row["market"]: row for row in summary_of(tmp_path).markets.to_pylist()}
    assert (rows["ETH"]["latency_blocks_p50"], rows["ETH"]["latency_blocks_max"]) == (latency, latency)
    assert rows["ETH"]["latency_n"] == (latency is not None)


def test_a_block_counts_as_liquidatable_when_its_forecast_is(tmp_path: Path) -> None:
    """Healthy at the head's time, breached at the next block's: that next block could liquidate."""
    blocks: dict[int, list[Record]] = {
        1: [Rows(1).evaluation("victim", None), Rows(1).evaluation("victim", "positions", ahead_s=2)],
        2: [Rows(2).liquidation("victim", "ETH", 100.0, "short")],
    }
    write_lake(tmp_path, blocks)
    assert summary_of(tmp_path).markets.to_pylist()[-1]["latency_blocks_max"] == 1


def test_what_was_left_alone_and_what_became_of_it(tmp_path: Path) -> None:
    """One account ours later, one somebody else's, two nobody's; liquidations before the decision do not count."""
    blocks: dict[int, list[Record]] = {
        1: [Rows(1).liquidation("dave", "ETH", 10.0, "long")],
        2: [*(Rows(2).skip(name, "unprofitable") for name in ("alice", "bob", "carol", "dave")), Rows(2).skip("alice", "stale")],
        3: [Rows(3).skip("alice", "unprofitable")],
        4: [Rows(4).liquidation("alice", "ETH", 10.0, "long"), Rows(4).liquidation("bob", "ETH", 10.0, "long", ours=False)],
    }
    write_lake(tmp_path, blocks)
    assert [tuple(row.values()) for row in summary_of(tmp_path).skips.to_pylist()] == [
        ("unprofitable", 5, 4, 1, 1, 2),
        ("stale", 1, 1, 1, 0, 0),
    ]


def test_seized_collateral_stands_apart(tmp_path: Path) -> None:
    """It closes no position: neither a long nor a short."""
    seizure = Rows(1).liquidation("alice", "WETH", 500.0, "short", kind="collateral")
    write_lake(tmp_path, {1: [seizure, Rows(1).liquidation("bob", "ETH", -100.0, "long", size=-1.0)]})
    found = summary_of(tmp_path)
    assert [row["market"] for row in found.markets.to_pylist()] == ["ETH", "total"]
    assert found.markets.to_pylist()[-1]["notional_usd"] == 100.0
    covered = found.covered.to_pylist()[0]
    assert (covered["collateral_liquidations"], covered["collateral_notional_usd"]) == (1, 500.0)


def test_a_window_takes_its_start_and_leaves_its_end(tmp_path: Path) -> None:
    """Blocks 1, 2, 3 stand at 2, 4 and 6 seconds past midnight."""
    write_lake(tmp_path, example_blocks())

    def at(second: int) -> datetime:
        return datetime(2025, 3, 21, 0, 0, second, tzinfo=UTC)

    def markets(window: Window) -> list[Any]:
        return list(summary_of(tmp_path, window).markets.column("market").to_pylist())

    assert markets(Window(since=at(4))) == ["ETH", "SOL", "total"]
    assert markets(Window(until=at(4))) == ["BTC", "total"]
    assert markets(Window(since=at(3), until=at(5), venue="perp_v2")) == ["ETH", "total"]
    assert markets(Window(venue="another")) == []
    assert summary_of(tmp_path, Window(since=at(10))).n == 0


def test_a_lake_without_keeper_tables_is_told_so(tmp_path: Path) -> None:
    """One made by an import."""
    open_market(tmp_path).close()
    with open_lake(tmp_path) as lake, pytest.raises(LakeError, match="no keeper tables yet"):
        summarise(lake)
