-- What the summary covers: the blocks the lake holds in the window, chain by chain, and what is not in the market table. Numbers of blocks of several
-- chains are no range: then there is neither a first nor a last one. Parameters: $since, $until, $venue and $chain_id (null: all).
WITH chains AS (
    SELECT
        chain_id, count(*) AS blocks, min(block_number) AS first_block, max(block_number) AS last_block, min(block_time) AS first_block_time,
        max(block_time) AS last_block_time
    FROM stg_keeper_blocks
    WHERE block_time >= $since AND block_time < $until AND ($chain_id IS NULL OR chain_id = $chain_id)
    GROUP BY chain_id
),

collateral AS (
    SELECT * FROM stg_keeper_liquidations
    WHERE kind = 'collateral' AND block_time >= $since AND block_time < $until
        AND ($venue IS NULL OR venue = $venue) AND ($chain_id IS NULL OR chain_id = $chain_id)
)

SELECT
    min(first_block_time) AS first_block_time,
    max(last_block_time) AS last_block_time,
    CASE WHEN count(*) = 1 THEN min(first_block) END AS first_block,
    CASE WHEN count(*) = 1 THEN max(last_block) END AS last_block,
    coalesce(sum(blocks), 0)::BIGINT AS blocks,
    coalesce(list({'chain_id': chain_id, 'blocks': blocks, 'first_block': first_block, 'last_block': last_block} ORDER BY chain_id), []) AS chains,
    (SELECT count(*) FROM collateral) AS collateral_liquidations,
    (SELECT coalesce(sum(notional_usd), 0) FROM collateral) AS collateral_notional_usd
FROM chains
