-- The keeper's mark prices in the columns of `mart_prices`; one row is one block.
SELECT
    chain_id, venue, market, underlying, 'mark price' AS source, 2 AS preference, 0 AS interval_s, block_time AS moment, mark_price_usd AS low_usd,
    mark_price_usd AS high_usd, mark_price_usd AS last_usd, NULL::DOUBLE AS notional_usd, 'exact' AS quality
FROM stg_keeper_market_state
