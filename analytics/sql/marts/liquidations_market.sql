-- Imported liquidations in the columns of `mart_liquidations`: recordings know no chain.
SELECT
    NULL::BIGINT AS chain_id, venue, market, underlying, side, victim, exchange_time AS moment, block_number, size_base, coalesce(fill_price_usd, order_price_usd) AS price_usd,
    notional_usd, stage, quality
FROM stg_market_liquidations
