-- The last snapshot of positions before the moment $first, and the first one from then on, before $until.
SELECT max(block_time) FILTER (block_time < $first), min(block_time) FILTER (block_time >= $first)
FROM stg_keeper_position_snapshots
WHERE block_time < $until
