-- The last snapshot of positions before the window's first liquidation, else the first one from then on, before $until; and how many liquidations of
-- the window came before it. Parameters: $since, $until.
WITH first AS (
    SELECT coalesce(min(exchange_time), $until) AS moment FROM ledger WHERE exchange_time >= $since AND exchange_time < $until
),

chosen AS (
    SELECT coalesce(max(block_time) FILTER (block_time < moment), min(block_time) FILTER (block_time >= moment)) AS taken_at
    FROM stg_keeper_position_snapshots CROSS JOIN first
    WHERE block_time < $until
)

SELECT taken_at, (SELECT count(*) FROM ledger WHERE exchange_time >= $since AND exchange_time < least($until, taken_at)) AS liquidated_before
FROM chosen
WHERE taken_at IS NOT NULL
