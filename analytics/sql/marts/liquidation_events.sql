-- Liquidations one by one, in time order. Parameters: $since, $until, $underlying, $venue, $chain_id (null: all).
SELECT
    exchange_time, chain_id, venue, market, underlying, side, base AS size_base, coalesce(fill_price, order_price) AS price_usd, notional_usd, price_basis, victim,
    block_number, method, stage, quality, time_resolution, event_id, source_file
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until
    AND ($underlying IS NULL OR underlying = $underlying) AND ($venue IS NULL OR venue = $venue)
    AND ($chain_id IS NULL OR chain_id = $chain_id)
ORDER BY exchange_time, venue, chain_id, market, event_id
