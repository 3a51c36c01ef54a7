-- What the summary covers: the blocks the lake holds in the window, and what is not in the market table. Parameters: $since, $until, $venue.
WITH blocks AS (
    SELECT * FROM stg_keeper_blocks WHERE block_time >= $since AND block_time < $until
),

collateral AS (
    SELECT * FROM stg_keeper_liquidations
    WHERE kind = 'collateral' AND block_time >= $since AND block_time < $until AND ($venue IS NULL OR venue = $venue)
)

SELECT
    (SELECT min(block_time) FROM blocks) AS first_block_time,
    (SELECT max(block_time) FROM blocks) AS last_block_time,
    (SELECT min(block_number) FROM blocks) AS first_block,
    (SELECT max(block_number) FROM blocks) AS last_block,
    (SELECT count(*) FROM blocks) AS blocks,
    (SELECT count(*) FROM collateral) AS collateral_liquidations,
    (SELECT coalesce(sum(notional_usd), 0) FROM collateral) AS collateral_notional_usd
