-- Liquidations of one side of one underlying in time order, stage trader, those with a value in USD; `unix_s` is the time.
-- Parameters: $since, $until, $underlying, $side.
SELECT epoch_us(exchange_time) / 1e6 AS unix_s, notional_usd, chain_id, venue, market, victim, block_number, quality
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND underlying = $underlying AND side = $side AND stage = 'trader' AND notional_usd IS NOT NULL
ORDER BY exchange_time
