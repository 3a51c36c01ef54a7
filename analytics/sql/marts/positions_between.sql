-- Open positions of one market in no more than $most evenly spaced snapshots from $since on, before $until.
-- Parameters: also $chain_id, $venue, $market.
WITH snapshots AS (
    SELECT DISTINCT block_number, block_time
    FROM stg_keeper_position_snapshots
    WHERE chain_id = $chain_id AND venue = $venue AND block_time >= $since AND block_time < $until
),

numbered AS (
    SELECT block_number, row_number() OVER (ORDER BY block_number) - 1 AS place, count(*) OVER () AS snapshots FROM snapshots
),

chosen AS (
    SELECT block_number FROM numbered WHERE place % greatest(1, ceil(snapshots / $most)::BIGINT) = 0
)

SELECT epoch_us(block_time) / 1e6 AS unix_s, mark_price_usd, liquidation_price_usd, notional_usd
FROM stg_keeper_position_snapshots SEMI JOIN chosen USING (block_number)
WHERE chain_id = $chain_id AND venue = $venue AND market = $market AND notional_usd > 0
ORDER BY block_time
