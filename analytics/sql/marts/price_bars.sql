-- The last price of each bar of one source; `bar` counts bars of $bar_s seconds from the Unix epoch, bars without a price are not there.
-- Parameters: $since, $until, $underlying, $chain_id (null of a recording), $venue, $market, $source, $bar_s.
SELECT epoch_us(moment) // ($bar_s::BIGINT * 1000000) AS bar, arg_max(last_usd, moment) AS close_usd
FROM mart_prices
WHERE moment >= $since AND moment < $until AND underlying = $underlying AND chain_id IS NOT DISTINCT FROM $chain_id AND venue = $venue AND market = $market AND source = $source
GROUP BY bar
ORDER BY bar
