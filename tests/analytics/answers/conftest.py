"""A small lake with hand-made rows."""

from collections.abc import Iterator

import duckdb
import pytest

from analytics.lake import open_lake, open_market
from tests.analytics.keeper_lake import change

LIQUIDATIONS = """
INSERT INTO market.liquidations BY NAME
SELECT 'binance' AS venue, 'BTCUSDT' AS market, 'BTC' AS underlying, 'e' || i AS event_id,
    TIMESTAMP '2025-10-10 21:15:00' + to_seconds(i * 20) AS exchange_time, 'ms' AS time_resolution,
    'long' AS side, 1.0 AS base, 100000.0 AS fill_price, 100000.0 AS notional_usd, 'fill' AS price_basis, 'book' AS method,
    CASE WHEN i % 10 = 9 THEN 'vault' ELSE 'trader' END AS stage, 'sampled' AS quality, 'test' AS source, 'test' AS source_file
FROM range(30) AS r(i)
"""
"""Ten minutes of three BTC longs a minute, one row in ten a vault's unwind."""

POSITIONS = """
CREATE TABLE lake.main.position_snapshots AS
SELECT 1::BIGINT AS chain_id, 'perp_v2' AS venue, account, market, block_number, 'h' || block_number AS block_hash,
    TIMESTAMP '2026-01-01' + to_hours(block_number) AS block_time, '0' AS size_raw, size, '0' AS open_notional_raw,
    abs(size) * 100.0 AS open_notional_usd, 100.0 AS mark_price, liquidation_price, equity_usd, 10.0 AS requirement_usd, false AS has_orders
FROM (VALUES
    ('a', 'ETH', 1, 2.0, 90.0, 50.0),
    ('a', 'ETH', 2, 2.0, 95.0, 50.0),
    ('b', 'ETH', 2, -1.0, 110.0, 50.0),
    ('c', 'ETH', 2, 4.0, NULL, 500.0),
    ('d', 'ETH', 2, 3.0, 100.5, 9.0),
    ('e', 'BTC', 2, 1.0, 80.0, 50.0)
) AS v(account, market, block_number, size, liquidation_price, equity_usd)
"""

OPEN_INTEREST = """
INSERT INTO market.open_interest BY NAME
SELECT 'binance' AS venue, 'BTCUSDT' AS market, 'BTC' AS underlying, TIMESTAMP '2025-10-10 21:00:00' + to_minutes(5 * i) AS exchange_time,
    'ms' AS time_resolution, CASE WHEN i < 3 THEN 1000.0 WHEN i = 5 THEN 700.0 ELSE 800.0 END AS base, 'exact' AS quality, 'test' AS source,
    'test' AS source_file
FROM range(30) AS r(i)
"""
"""1,000 BTC until 21:14, 700 at 21:25, 800 otherwise."""

MARKET_STATE = """
CREATE TABLE lake.main.market_state AS
SELECT 1::BIGINT AS chain_id, 'perp_v2' AS venue, 'ETH' AS market, block_number, 'h' AS block_hash,
    TIMESTAMP '2026-01-01' + to_hours(block_number) AS block_time, '0' AS mark_price_raw, 100.0 AS mark_price, 100.0 AS index_price,
    100.0 AS spot_price, block_number * 9.0 AS open_interest_long, 2.0 AS open_interest_short, '0' AS funding_growth_raw,
    0.0 AS premium_rate_per_day
FROM (VALUES (1::BIGINT), (2)) AS v(block_number)
"""


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read-only, with imported liquidations and a keeper's positions."""
    directory = tmp_path_factory.mktemp("lake")
    change(directory, LIQUIDATIONS, OPEN_INTEREST, POSITIONS, MARKET_STATE)
    with open_lake(directory) as reader:
        yield reader


@pytest.fixture(scope="session")
def empty_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read-only, with empty market tables and none of a keeper."""
    directory = tmp_path_factory.mktemp("empty")
    open_market(directory).close()
    with open_lake(directory) as reader:
        yield reader
