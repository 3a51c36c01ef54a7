-- What each of the keeper's markets trades that has a state in the window. Parameters: $since, $until, $underlying (null: all).
SELECT DISTINCT chain_id, venue, market, underlying
FROM stg_keeper_market_state
WHERE block_time >= $since AND block_time <= $until AND ($underlying IS NULL OR underlying = $underlying)
ORDER BY market, venue, chain_id
