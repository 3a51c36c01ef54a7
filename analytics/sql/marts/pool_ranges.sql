-- Liquidity of the pools of the keeper's markets per price range, with the pool's price, at no more than $most evenly spaced blocks of $since to
-- $until (both included). `liquidity` is sqrt(base x USD). Parameters: $since, $until, $most, $market, $venue, $chain_id (null each: all).
WITH numbered AS (
    SELECT
        chain_id, venue, market, block_number, block_time, spot_price_usd AS price_usd,
        row_number() OVER (PARTITION BY chain_id, venue, market ORDER BY block_number) - 1 AS place, count(*) OVER (PARTITION BY chain_id, venue, market) AS blocks
    FROM stg_keeper_market_state
    WHERE block_time >= $since AND block_time <= $until AND spot_price_usd > 0
        AND ($market IS NULL OR market = $market) AND ($venue IS NULL OR venue = $venue) AND ($chain_id IS NULL OR chain_id = $chain_id)
),

moments AS (
    SELECT * FROM numbered WHERE place % greatest(1, ceil(blocks / $most)::BIGINT) = 0
),

changes AS (
    SELECT
        chain_id, venue, market, block_number AS changed_block, lower_price_usd AS low_usd, upper_price_usd AS high_usd,
        liquidity_raw::HUGEINT AS liquidity_raw, liquidity_decimals
    FROM stg_keeper_pool_ranges
)

SELECT
    chain_id, venue, market, block_number, epoch_us(block_time) / 1e6 AS unix_s, price_usd, low_usd, high_usd,
    sum(liquidity_raw) / pow(10, any_value(liquidity_decimals)) AS liquidity
FROM moments JOIN changes USING (chain_id, venue, market)
WHERE changed_block <= block_number
GROUP BY ALL
HAVING sum(liquidity_raw) > 0
ORDER BY chain_id, venue, market, block_number, low_usd, high_usd
