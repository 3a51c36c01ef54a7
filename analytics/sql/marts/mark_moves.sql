-- Log returns of the mark of every market of one venue from block to block, the last $most blocks up to $at, oldest first.
-- Parameters: $at, $most, $chain_id, $venue.
WITH priced AS (
    SELECT market, block_number, ln(mark_price_usd) AS price
    FROM stg_keeper_market_state
    WHERE chain_id = $chain_id AND venue = $venue AND block_time <= $at AND mark_price_usd > 0
),

moves AS (
    SELECT market, block_number, price - lag(price) OVER (PARTITION BY market ORDER BY block_number) AS move FROM priced
),

newest AS (
    SELECT DISTINCT block_number FROM moves WHERE move IS NOT NULL ORDER BY block_number DESC LIMIT $most
)

SELECT block_number, market, move FROM moves SEMI JOIN newest USING (block_number)
WHERE move IS NOT NULL
ORDER BY block_number, market
