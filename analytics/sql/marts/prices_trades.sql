-- Trades in the columns of `mart_prices`; one row is one trade.
SELECT
    NULL::BIGINT AS chain_id, venue, market, underlying, 'trades' AS source, 1 AS preference, 0 AS interval_s, exchange_time AS moment, price_usd AS low_usd, price_usd AS high_usd,
    price_usd AS last_usd, notional_usd, quality
FROM stg_market_trades
