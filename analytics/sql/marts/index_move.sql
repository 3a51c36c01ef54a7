-- How far the index (the price that liquidations here do not move) of one market went from a moment on: at the moment, lowest and highest after it.
-- Parameters: $chain_id, $venue, $market, $at, $until.
SELECT
    arg_max(index_price_usd, block_number) FILTER (block_time <= $at) AS before_usd,
    min(index_price_usd) FILTER (block_time > $at) AS low_usd, max(index_price_usd) FILTER (block_time > $at) AS high_usd
FROM stg_keeper_market_state
WHERE chain_id = $chain_id AND venue = $venue AND market = $market AND block_time < $until AND index_price_usd > 0
HAVING count(*) FILTER (block_time <= $at) > 0 AND count(*) FILTER (block_time > $at) > 0
