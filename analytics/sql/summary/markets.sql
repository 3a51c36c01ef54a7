-- Position liquidations per market of a venue with a total row; shares are of notional, sides are the victims'.
-- Parameters: $since, $until, $venue and $chain_id (null: all).
WITH liquidations AS (
    SELECT * FROM stg_keeper_liquidations
    WHERE kind = 'positions' AND block_time >= $since AND block_time < $until
        AND ($venue IS NULL OR venue = $venue) AND ($chain_id IS NULL OR chain_id = $chain_id)
),

final AS (
    SELECT
        chain_id,
        venue,
        coalesce(market, 'total') AS market,
        count(*) AS liquidations,
        sum(notional_usd) AS notional_usd,
        coalesce(sum(notional_usd) FILTER (side = 'long'), 0) / nullif(sum(notional_usd), 0) AS long_share,
        coalesce(sum(notional_usd) FILTER (side = 'short'), 0) / nullif(sum(notional_usd), 0) AS short_share,
        count(*) FILTER (side = 'long') AS long_count,
        count(*) FILTER (side = 'short') AS short_count,
        max(notional_usd) AS largest_usd,
        count(DISTINCT (chain_id, venue, victim)) AS accounts,
        sum(reward_usd) AS reward_usd,
        sum(bad_debt_usd) AS bad_debt_usd,
        count(*) FILTER (by_keeper) AS by_keeper,
        count(*) FILTER (NOT by_keeper) AS by_others,
        coalesce(sum(notional_usd) FILTER (by_keeper), 0) / nullif(sum(notional_usd), 0) AS keeper_share,
        count(latency_blocks) AS latency_n,
        median(latency_blocks) AS latency_blocks_p50,
        max(latency_blocks) AS latency_blocks_max
    FROM liquidations LEFT JOIN latency USING (chain_id, venue, transaction_hash, log_index)
    GROUP BY GROUPING SETS ((chain_id, venue, market), ())
    HAVING count(*) > 0
)

SELECT * FROM final
ORDER BY market = 'total', notional_usd DESC, market, venue, chain_id
