-- Open interest (base units) of one market at each venue's last block at or before $at. Parameters: $market, $at, $venue and $chain_id (null: all).
SELECT
    chain_id,
    venue,
    arg_max(open_interest_long_base, block_number) AS open_interest_long_base,
    arg_max(open_interest_short_base, block_number) AS open_interest_short_base,
    max(block_number) AS block_number
FROM stg_keeper_market_state
WHERE market = $market AND block_time <= $at AND ($venue IS NULL OR venue = $venue) AND ($chain_id IS NULL OR chain_id = $chain_id)
GROUP BY chain_id, venue
