-- M5: at every block the ranges that cover the pool's tick add up to the liquidity the pool itself reported, to the unit.
WITH reads AS (
    SELECT DISTINCT
        chain_id, venue, block_number, payload ->> 'base_token' AS base_token, (payload ->> 'tick')::INTEGER AS tick, (payload ->> 'liquidity')::HUGEINT AS reported
    FROM stg_keeper_venue_events
    WHERE event_name = 'MarketRead' AND block_time >= $since AND block_time < $until
),

changes AS (
    SELECT
        chain_id, venue, block_number AS changed_block, payload ->> 'base_token' AS base_token, (payload ->> 'lower_tick')::INTEGER AS lower_tick,
        (payload ->> 'upper_tick')::INTEGER AS upper_tick, (payload ->> 'liquidity')::HUGEINT AS liquidity
    FROM stg_keeper_venue_events
    WHERE event_name = 'LiquidityChanged'
)

SELECT reads.chain_id, reads.venue, reads.base_token, block_number, tick, reported, coalesce(sum(liquidity), 0) AS added_up
FROM reads LEFT JOIN changes
    ON changes.chain_id = reads.chain_id AND changes.venue = reads.venue AND changes.base_token = reads.base_token AND changed_block <= block_number AND tick >= lower_tick AND tick < upper_tick
GROUP BY ALL
HAVING coalesce(sum(liquidity), 0) <> reported
