-- The last price known before $until, of the market itself where it has one, else of any market of the underlying.
-- Parameters: $since, $until, $underlying, $chain_id (null of a recording), $venue, $market.
SELECT arg_max(last_usd, (chain_id IS NOT DISTINCT FROM $chain_id AND venue = $venue AND market = $market, moment)) AS price_usd
FROM mart_prices
WHERE underlying = $underlying AND moment >= $since AND moment + to_seconds(interval_s) <= $until
