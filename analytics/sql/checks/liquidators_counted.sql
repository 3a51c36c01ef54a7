-- M25: the liquidators' counts and rewards are those of the liquidations, once.
WITH sums AS (
    SELECT
        (SELECT count(*) FROM stg_keeper_liquidations WHERE kind = 'positions' AND block_time >= $since AND block_time < $until) AS expected,
        (SELECT coalesce(sum(n), 0) FROM mart_liquidators) AS found,
        (SELECT coalesce(sum(reward_usd), 0) FROM stg_keeper_liquidations
        WHERE kind = 'positions' AND block_time >= $since AND block_time < $until) AS expected_usd,
        (SELECT coalesce(sum(reward_usd), 0) FROM mart_liquidators) AS found_usd
)

SELECT * FROM sums WHERE expected <> found OR abs(expected_usd - found_usd) > 1e-9 * abs(expected_usd) + 1e-6
