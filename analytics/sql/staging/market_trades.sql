-- Imported trades. `side` is the taker's.
SELECT
    venue, market, underlying, instrument, trade_id, exchange_time, receive_time, time_resolution, side, price AS price_usd, base AS size_base,
    notional_usd, quality, source, source_file
FROM market.trades
