-- Latency of each position liquidation in blocks: its block less the first block in which the keeper's own exact test found the account
-- liquidatable. The clock starts again after the account was found healthy, and after an earlier liquidation of it. NULL where no block
-- before it was found liquidatable (nobody could have been seen late: breached and liquidated within one block, or not followed).
WITH liquidations AS (
    SELECT chain_id, venue, victim, block_number, log_index, transaction_hash FROM stg_keeper_liquidations WHERE kind = 'positions'
),

tests AS (
    SELECT chain_id, venue, account AS victim, block_number, bool_or(liquidatable) AS liquidatable
    FROM stg_keeper_evaluations
    GROUP BY ALL
),

victims AS (
    SELECT DISTINCT chain_id, venue, victim, block_number FROM liquidations
),

earlier AS (
    SELECT chain_id, venue, victim, block_number, lag(block_number) OVER (PARTITION BY chain_id, venue, victim ORDER BY block_number) AS previous
    FROM victims
),

healthy AS (
    SELECT chain_id, venue, victim, earlier.block_number, previous, max(tests.block_number) AS last_healthy
    FROM earlier LEFT JOIN tests USING (chain_id, venue, victim)
    WHERE tests.block_number IS NULL OR NOT tests.liquidatable AND tests.block_number < earlier.block_number
    GROUP BY ALL
),

clocks AS (
    SELECT chain_id, venue, victim, earlier.block_number, coalesce(earlier.previous, -1) AS not_before, coalesce(last_healthy, -1) AS after
    FROM earlier LEFT JOIN healthy USING (chain_id, venue, victim, block_number)
),

seen AS (
    SELECT chain_id, venue, victim, clocks.block_number, min(tests.block_number) AS first_seen
    FROM clocks INNER JOIN tests USING (chain_id, venue, victim)
    WHERE tests.liquidatable AND tests.block_number < clocks.block_number
        AND tests.block_number > clocks.after AND tests.block_number >= clocks.not_before
    GROUP BY ALL
)

SELECT chain_id, venue, transaction_hash, log_index, block_number - first_seen AS latency_blocks
FROM liquidations LEFT JOIN seen USING (chain_id, venue, victim, block_number)
