"""The market's tables where lakes of before have them: in a schema of the keeper's catalog."""

from pathlib import Path

from keeper.lake.connection import connect, unattached
from keeper.lake.migrations import migrations
from keeper.lake.place import LakePlace
from keeper.lake.relocation import is_due

LIQUIDATION = """
INSERT INTO market.liquidations BY NAME
SELECT 'v' AS venue, 'ETHUSDT' AS market, 'ETH' AS underlying, i::VARCHAR AS event_id,
    TIMESTAMP '2025-03-21' + to_seconds(i) AS exchange_time, 'ms' AS time_resolution,
    'long' AS side, 1.0 AS base, 100.0 AS fill_price, 100.0 AS notional_usd, 'fill' AS price_basis,
    'book' AS method, 'trader' AS stage, 'exact' AS quality, 'test' AS source, 'test' AS source_file
FROM range({count}) AS r(i)
"""
BOOK = """
INSERT INTO market.book_snapshots BY NAME
SELECT 'v' AS venue, 'ETHUSDT' AS market, 'ETH' AS underlying, TIMESTAMP '2025-03-21' AS exchange_time, exchange_time AS receive_time,
    'ms' AS time_resolution, 0.0 AS age_ms, 99.0 AS best_bid, 101.0 AS best_ask, 100.0 AS mid_price, 200.0 AS spread_bps,
    98.0 AS bid_floor, 102.0 AS ask_ceiling, [99.0, 98.0] AS bid_prices, [1.0, 2.0] AS bid_sizes, [101.0, 102.0] AS ask_prices,
    [1.0, 2.0] AS ask_sizes, true AS usable, 'exact' AS quality, 'test' AS source, 'test' AS source_file
"""


def market_is_old(place: LakePlace) -> bool:
    """Whether a lake still has them there."""
    with unattached() as connection:
        return is_due(connection, place)


def write_old_market(directory: Path, *statements: str) -> None:
    """Create them, and run statements on them."""
    with connect(LakePlace.at(directory).keeper) as connection:
        connection.execute("CREATE SCHEMA market")
        connection.execute("CREATE TABLE market.schema_migrations (version BIGINT NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP)")
        connection.execute("INSERT INTO market.schema_migrations VALUES (1, '0001_market', now())")
        for statement in (migrations("market")[0].sql, *statements):
            connection.execute(statement)
