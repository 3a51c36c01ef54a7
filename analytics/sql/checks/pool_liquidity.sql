-- M5: the ranges that hold the pool's price add up to the liquidity the pool itself reported, to the unit, at no more than $most evenly spaced of
-- its changes.
WITH numbered AS (
    SELECT
        chain_id, venue, market, block_number, range_price_usd, liquidity_raw::HUGEINT AS reported,
        row_number() OVER (PARTITION BY chain_id, venue, market ORDER BY block_number) - 1 AS place, count(*) OVER (PARTITION BY chain_id, venue, market) AS states
    FROM stg_keeper_pool_states
    WHERE block_time >= $since AND block_time < $until
),

sampled AS (
    SELECT * FROM numbered WHERE place % greatest(1, ceil(states / $most)::BIGINT) = 0
)

SELECT
    sampled.chain_id, sampled.venue, sampled.market, sampled.block_number, range_price_usd, reported,
    coalesce(sum(changes.liquidity_raw::HUGEINT), 0) AS added_up
FROM sampled LEFT JOIN stg_keeper_pool_ranges AS changes
    ON changes.chain_id = sampled.chain_id AND changes.venue = sampled.venue AND changes.market = sampled.market
        AND changes.block_number <= sampled.block_number AND range_price_usd >= lower_price_usd AND range_price_usd < upper_price_usd
GROUP BY ALL
HAVING coalesce(sum(changes.liquidity_raw::HUGEINT), 0) <> reported
