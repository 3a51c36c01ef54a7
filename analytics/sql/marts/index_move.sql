-- How far the index (the price that liquidations here do not move) went from a moment on: at the moment, lowest and highest after it.
-- Parameters: $market, $at, $until.
SELECT
    venue, arg_max(index_price_usd, block_number) FILTER (block_time <= $at) AS before_usd,
    min(index_price_usd) FILTER (block_time > $at) AS low_usd, max(index_price_usd) FILTER (block_time > $at) AS high_usd
FROM stg_keeper_market_state
WHERE market = $market AND block_time < $until AND index_price_usd > 0
GROUP BY venue
HAVING count(*) FILTER (block_time <= $at) > 0 AND count(*) FILTER (block_time > $at) > 0
ORDER BY venue
