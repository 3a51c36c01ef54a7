-- Liquidations one by one, in time order. Parameters: $since, $until, $underlying (null: all), $venue (null: all).
SELECT
    exchange_time, venue, market, underlying, side, base AS size_base, coalesce(fill_price, order_price) AS price_usd, notional_usd, price_basis, victim,
    block_number, method, stage, quality, time_resolution, event_id, source_file
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until
    AND ($underlying IS NULL OR underlying = $underlying) AND ($venue IS NULL OR venue = $venue)
ORDER BY exchange_time, venue, market, event_id
