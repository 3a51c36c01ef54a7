"""The keeper's own tables: in the lake already, read in place, never copied.

`show_ledger` puts the keeper's liquidations beside the imported ones in the shape of market.liquidations, with the chain of the former."""

import duckdb

from analytics.sources.source import Source

KEEPER = Source(kind="keeper", about="the keeper's own tables are read in place", shapes=(), in_place=True)

# On-chain venues: blocks stamp whole seconds, the chain's logs are exact, and a pool (not a book) takes the other side.
# Where no position is closed there is no victim fill: rows of other kinds seize collateral or margin, and so do those without size.
_KEEPER_ROWS = """
SELECT chain_id, venue, market, underlying, format('{}:{}', transaction_hash, log_index) AS event_id, block_time AS exchange_time,
       NULL::TIMESTAMP AS receive_time, 's' AS time_resolution, block_number, victim, side, size_base AS base,
       NULL::DOUBLE AS order_price, price_usd AS fill_price, NULL::DOUBLE AS mark_price,
       NULL::DOUBLE AS order_notional_usd, notional_usd AS fill_notional_usd, notional_usd, 'fill' AS price_basis,
       'pool' AS method, 'trader' AS stage, quality, 'keeper' AS source, 'liquidations' AS source_file
FROM stg_keeper_liquidations WHERE kind = 'positions' AND size_base > 0
"""
_MARKET_ROWS = "SELECT NULL::BIGINT AS chain_id, * FROM market.liquidations"


def show_ledger(connection: duckdb.DuckDBPyConnection) -> bool:
    """Create the temporary view `ledger`: liquidations of the keeper's venues and imported ones, whichever the lake has.

    False, and no view, when it has neither."""
    present = [query for query in (_MARKET_ROWS, _KEEPER_ROWS) if _can_run(connection, query)]
    if not present:
        return False
    connection.execute(f"CREATE OR REPLACE TEMP VIEW ledger AS {' UNION ALL BY NAME '.join(present)}")
    return True


def _can_run(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    """A lake without imports has no `market` tables; one without a keeper has none of the keeper's."""
    try:
        connection.sql(query)
    except duckdb.CatalogException:
        return False
    return True
