"""M1: the map when all markets move together, on an account whose prices can be worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analytics
from analytics.answers.annotated import notes_of
from analytics.answers.identity import AccountKey
from analytics.answers.liquidation_map import liquidation_map
from analytics.lake import open_lake
from keeper.domain.records import MarketStateRecord, PositionSnapshotRecord, Raw, Record
from tests.analytics.keeper_lake import CHAIN, VENUE, where, write_lake

BLOCKS = 60
SHOCK = (300 - 125) / (2 * 1000 * (0.0625 - 1))
"""Equity 300, maintenance 6.25 % of 2,000 USD in two longs of 1,000: a common fall of 9.33 %."""


def state(number: int, market: str, price: float) -> MarketStateRecord:
    """A market at a block."""
    figures: dict[str, Any] = {"index_price": price, "spot_price": price, "open_interest_long": 1.0, "open_interest_short": 1.0}
    raw: dict[str, Any] = {"mark_price_raw": Raw("1"), "price_decimals": 18, "funding_growth_raw": Raw("0"), "premium_rate_per_day": 0.0}
    return MarketStateRecord(venue=VENUE, market=market, underlying=market, mark_price=price, **figures, **raw, **where(number))


def position(market: str, size: float, price: float, alone: float) -> PositionSnapshotRecord:
    """A leg of the account."""
    money: dict[str, Any] = {"equity_usd": 300.0, "requirement_usd": 125.0, "open_notional_usd": size * price}
    raw: dict[str, Any] = {
        "size_raw": Raw("1"),
        "open_notional_raw": Raw("1"),
        "has_orders": False,
        "size_decimals": 18,
        "usd_decimals": 18,
    }
    prices: dict[str, Any] = {"mark_price": price, "liquidation_price": alone}
    names: dict[str, Any] = {"venue": VENUE, "account": "x", "market": market, "underlying": market}
    return PositionSnapshotRecord(size=size, **names, **prices, **money, **raw, **where(BLOCKS))


def write(directory: Path, moves: float) -> None:
    """A lake of `blocks_of`."""
    write_lake(directory, blocks_of(moves))


def blocks_of(moves: float) -> dict[int, list[Record]]:
    """Two markets whose marks go up and down, ETH by twice as much as BTC, and end at 100 and 1,000."""
    blocks: dict[int, list[Record]] = {}
    for number in range(1, BLOCKS + 1):
        away = moves * ((BLOCKS - number) % 2)
        blocks[number] = [state(number, "ETH", 100 * float(np.exp(2 * away))), state(number, "BTC", 1000 * float(np.exp(away)))]
    blocks[BLOCKS] += [position("ETH", 10.0, 100.0, 81.3), position("BTC", 1.0, 1000.0, 813.0)]
    return blocks


@pytest.mark.parametrize(("moves", "beta"), [(0.0, 1.0), (0.01, 4 / 3)], ids=["no moves, betas of 1", "ETH moves twice as far"])
def test_the_price_of_a_market_at_the_common_shock(tmp_path: Path, moves: float, beta: float) -> None:
    write(tmp_path, moves)
    with open_lake(tmp_path) as lake:
        alone, together = (liquidation_map(lake, "ETH", all_markets=chosen) for chosen in (False, True))
        notes = notes_of(analytics.liquidation_map(lake, "ETH", all_markets=True))
    assert alone.levels is not None
    assert together.levels is not None
    assert alone.levels.price.tolist() == [81.3]
    assert together.levels.price == pytest.approx([100 * (1 + beta * SHOCK)])
    assert together.accounts == (AccountKey(CHAIN, VENUE, "x"),)
    assert any(note.startswith(f"all markets move together, by their betas: BTC {2 - beta:.2f}, ETH {beta:.2f}") for note in notes)


def test_a_market_without_positions_is_empty_on_both_maps(tmp_path: Path) -> None:
    write(tmp_path, 0.0)
    with open_lake(tmp_path) as lake:
        assert liquidation_map(lake, "SOL", all_markets=True).reason == liquidation_map(lake, "SOL").reason
