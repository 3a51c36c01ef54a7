-- Candles in the columns of `mart_prices`; `moment` is the start of the interval, `source` names its length.
SELECT
    NULL::BIGINT AS chain_id, venue, market, underlying, format('{} min candles', interval_seconds // 60) AS source, 3 AS preference, interval_seconds AS interval_s, interval_start AS moment, low_usd, high_usd,
    close_usd AS last_usd, volume_base * close_usd AS notional_usd, quality
FROM stg_market_candles
