-- Open positions of one market in no more than $most evenly spaced snapshots from $since on, before $until. Parameters: also $market.
WITH moments AS (
    SELECT block_time, row_number() OVER (ORDER BY block_time) - 1 AS place, count(*) OVER () AS snapshots
    FROM (SELECT DISTINCT block_time FROM stg_keeper_position_snapshots WHERE block_time >= $since AND block_time < $until)
),

chosen AS (
    SELECT block_time FROM moments WHERE place % greatest(1, ceil(snapshots / $most)::BIGINT) = 0
)

SELECT epoch_us(block_time) / 1e6 AS unix_s, mark_price_usd, liquidation_price_usd, notional_usd
FROM stg_keeper_position_snapshots SEMI JOIN chosen USING (block_time)
WHERE market = $market AND notional_usd > 0
ORDER BY block_time
