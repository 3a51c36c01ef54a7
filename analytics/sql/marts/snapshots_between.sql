-- At most $most moments of position snapshots from $since on, before $until, evenly spaced.
WITH moments AS (
    SELECT block_time AS moment, row_number() OVER (ORDER BY block_time) - 1 AS place, count(*) OVER () AS snapshots
    FROM (SELECT DISTINCT block_time FROM stg_keeper_position_snapshots WHERE block_time >= $since AND block_time < $until)
)

SELECT moment FROM moments
WHERE place % greatest(1, ceil(snapshots / $most)::BIGINT) = 0
ORDER BY moment
