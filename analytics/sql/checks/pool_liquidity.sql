-- M5: the ranges that cover the pool's tick add up to the liquidity the pool itself reported, to the unit, at no more than $most evenly spaced blocks.
WITH reads AS (
    SELECT DISTINCT
        chain_id, venue, block_number, payload ->> 'base_token' AS base_token, (payload ->> 'tick')::INTEGER AS tick, (payload ->> 'liquidity')::HUGEINT AS reported
    FROM stg_keeper_venue_events
    WHERE event_name = 'MarketRead' AND block_time >= $since AND block_time < $until
),

numbered AS (
    SELECT
        *, row_number() OVER (PARTITION BY chain_id, venue, base_token ORDER BY block_number) - 1 AS place,
        count(*) OVER (PARTITION BY chain_id, venue, base_token) AS reads
    FROM reads
),

sampled AS (
    SELECT * FROM numbered WHERE place % greatest(1, ceil(reads / $most)::BIGINT) = 0
),

changes AS (
    SELECT
        chain_id, venue, block_number AS changed_block, payload ->> 'base_token' AS base_token, (payload ->> 'lower_tick')::INTEGER AS lower_tick,
        (payload ->> 'upper_tick')::INTEGER AS upper_tick, (payload ->> 'liquidity')::HUGEINT AS liquidity
    FROM stg_keeper_venue_events
    WHERE event_name = 'LiquidityChanged'
)

SELECT sampled.chain_id, sampled.venue, sampled.base_token, block_number, tick, reported, coalesce(sum(liquidity), 0) AS added_up
FROM sampled LEFT JOIN changes
    ON changes.chain_id = sampled.chain_id AND changes.venue = sampled.venue AND changes.base_token = sampled.base_token
        AND changed_block <= block_number AND tick >= lower_tick AND tick < upper_tick
GROUP BY ALL
HAVING coalesce(sum(liquidity), 0) <> reported
