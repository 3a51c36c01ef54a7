"""A keeper's lake with a cascade of known size, and recordings of venues beside it.

ETH at 100 USD falls to 80 in 40 blocks. The map of block 5 holds longs at 95 (10,000 USD), 90 (20,000) and 70 (40,000, never reached) and a
short at 110 (5,000, never reached). Blocks 15 and 25 liquidate the first two for 9,600 and 18,200 USD; a rival takes the second. The
market's pool holds one range of liquidity from 50 to 200 USD and, until block 20, a second one."""

from pathlib import Path
from typing import Any

from analytics.lake import open_market
from keeper.domain.records import (
    AttemptRecord,
    MarketStateRecord,
    MicroTime,
    OutcomeRecord,
    PoolRangeRecord,
    PoolStateRecord,
    PositionSnapshotRecord,
    Raw,
    Record,
    SimulationRecord,
    raw,
)
from tests.analytics.keeper_lake import VENUE, Rows, where, write_lake

BLOCKS = 60
_POSITIONS = (("one", 10_000.0, 95.0), ("two", 20_000.0, 90.0), ("three", 40_000.0, 70.0), ("four", -5_000.0, 110.0))
PREDICTED, REALISED = 30_000.0, 27_800.0
LIQUIDITY, LATER_LIQUIDITY = 300_000, 200_000
"""Square root of ETH times USD, before and from block 20 on."""
RANGE = (50.0, 200.0)

BOOKS = """
INSERT INTO market.book_snapshots BY NAME
SELECT venue, 'ETH' || venue AS market, 'ETH' AS underlying, TIMESTAMP '2025-03-21 00:01:00' + to_seconds(i) AS exchange_time,
    exchange_time AS receive_time, 'ms' AS time_resolution, 0.0 AS age_ms,
    99.0 AS best_bid, 101.0 AS best_ask, 100.0 AS mid_price, 200.0 AS spread_bps,
    98.0 AS bid_floor,
    102.0 AS ask_ceiling, [99.0, 98.0] AS bid_prices, [near, 1e6] AS bid_sizes, [101.0, 102.0] AS ask_prices,
    [near, 1e6] AS ask_sizes, true AS usable,
    'exact' AS quality, 'test' AS source, 'test' AS source_file
FROM range(10) AS r(i), (VALUES ('deep', 9_900.0), ('thin', 100.0)) AS v(venue, near)
"""
"""Two venues, quoted in the same seconds: bids at 99 and 98, asks at 101 and 102; 9,900 and 100 ETH on the first level."""

_DEPTH = """
INSERT INTO market.depth BY NAME
SELECT 'deep' AS venue, 'ETHdeep' AS market, 'ETH' AS underlying, TIMESTAMP '2025-03-21 00:01:00' + to_seconds(i) AS exchange_time,
    'ms' AS time_resolution, side, 100.0 AS band_bps, 9_900.0 AS base, 9_900.0 * 99 AS notional_usd,
    i <> 3 AS usable, CASE WHEN i = 3 THEN 'inverted' END AS flag,
    'exact' AS quality, 'test' AS source, 'test' AS source_file
FROM range(10) AS r(i), (VALUES ('bid'), ('ask')) AS v(side)
"""
_REJECT = """
INSERT INTO market.rejects VALUES ('test', 'folder/file.csv', 'abc', 7, 'size is negative', 'ETH,-1')
"""


def write_cascade(directory: Path, *, recordings: bool = True) -> None:
    """Write it."""
    write_lake(directory, {number: cascade_rows(number) for number in range(1, BLOCKS + 1)})
    if recordings:
        with open_market(directory) as lake:
            for statement in (BOOKS, _DEPTH, _REJECT):
                lake.execute(statement)


def mark(number: int) -> float:
    """100 until block 10, 80 from block 50 on, a straight line between."""
    return 100.0 - 0.5 * min(max(number - 10, 0), 40)


def cascade_rows(number: int) -> list[Record]:
    """The rows of one block, 1 to 60."""
    rows: list[Record] = [_state(number)]
    if number == 1:
        rows += [_liquidity(number, LATER_LIQUIDITY), _liquidity(number, LIQUIDITY - LATER_LIQUIDITY), _pool(number, LIQUIDITY)]
    if number == 20:
        rows += [_liquidity(number, LATER_LIQUIDITY - LIQUIDITY), _pool(number, LATER_LIQUIDITY)]
    if number == 5:
        rows += [_position(number, *position) for position in _POSITIONS]
    make = Rows(number)
    if 20 <= number <= 24:
        rows.append(make.evaluation("two", "positions"))
    if number == 15:
        rows += [make.liquidation("one", "ETH", 9_600.0, "long", price=96.0), *_won(number)]
    if number == 23:
        rows.append(make.skip("two", "unprofitable"))
    if number == 25:
        rows.append(make.liquidation("two", "ETH", 18_200.0, "long", ours=False, liquidator="0xrival", price=91.0))
    if number in (30, 31, 32):
        rows.append(make.evaluation("left", "positions"))
    return rows


def _state(number: int) -> MarketStateRecord:
    prices: dict[str, Any] = {
        "mark_price": mark(number),
        "index_price": mark(number),
        "spot_price": mark(number),
        "mark_price_raw": Raw("1"),
        "price_decimals": 18,
    }
    closed = 100.0 * (number >= 15) + 200.0 * (number >= 25)
    interest: dict[str, Any] = {"open_interest_long": 700.0 - closed, "open_interest_short": 50.0}
    funding: dict[str, Any] = {"funding_growth_raw": Raw("0"), "premium_rate_per_day": 0.0003}
    return MarketStateRecord(venue=VENUE, market="ETH", underlying="ETH", **funding, **prices, **interest, **where(number))


def _liquidity(number: int, change: int) -> PoolRangeRecord:
    place: dict[str, Any] = {"transaction_hash": f"0x{number}", "log_index": 0, "lower_price": RANGE[0], "upper_price": RANGE[1]}
    amount: dict[str, Any] = {"liquidity_raw": raw(change * 10**12), "liquidity_decimals": 12}
    return PoolRangeRecord(venue=VENUE, market="ETH", **place, **amount, **where(number))


def _pool(number: int, liquidity: int) -> PoolStateRecord:
    amount: dict[str, Any] = {"liquidity_raw": raw(liquidity * 10**12), "liquidity_decimals": 12}
    return PoolStateRecord(venue=VENUE, market="ETH", price=100.0, **amount, **where(number))


def _position(number: int, account: str, notional: float, liquidation_price: float) -> PositionSnapshotRecord:
    amounts: dict[str, Any] = {
        "size": notional / 100,
        "open_notional_usd": abs(notional),
        "size_raw": Raw("1"),
        "open_notional_raw": Raw("1"),
        "size_decimals": 18,
        "usd_decimals": 18,
    }
    state: dict[str, Any] = {"mark_price": 100.0, "liquidation_price": liquidation_price, "equity_usd": 1e6, "requirement_usd": 1.0}
    names: dict[str, Any] = {"venue": VENUE, "account": account, "market": "ETH", "underlying": "ETH"}
    return PositionSnapshotRecord(has_orders=False, **names, **amounts, **state, **where(number))


def _won(number: int) -> list[Record]:
    """Our own attempt at "one": simulated, sent, included."""
    shared: dict[str, Any] = {"venue": VENUE, "account": "one", "candidate_id": "c1"}
    sent: dict[str, Any] = {"transaction_hash": "0x1", "nonce": 0}
    fees: dict[str, Any] = {
        "max_fee_wei": 1,
        "priority_fee_wei": 1,
        "gas_limit": 1,
        "replaces": None,
        "sent_at": MicroTime(0),
        "sender": "0xkeeper",
    }
    money: dict[str, Any] = {
        "gas_cost_wei": 1,
        "gas_cost_usd": 2.0,
        "profit_raw": Raw("1"),
        "profit_usd": 120.0,
        "tokens_value_usd": 0.0,
        "tokens": "{}",
        "usd_decimals": 18,
    }
    tried: dict[str, Any] = {
        "method": "fork",
        "settled": True,
        "reason": None,
        "profit_usd": 120.0,
        "gas_used": 1,
        "log_count": 1,
        "duration_ms": 1.0,
    }
    return [
        SimulationRecord(**shared, **tried, **where(number)),
        AttemptRecord(**shared, **sent, **fees, **where(number)),
        OutcomeRecord(**shared, **sent, **money, outcome="included", reason=None, gas_used=1, blocks_since_seen=1, **where(number)),
    ]
