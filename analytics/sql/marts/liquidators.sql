-- Who liquidated: per venue (of a chain) and liquidator the count, USD, reward, and the latency in blocks where it is known (view `latency`).
-- Parameters: $since, $until.
SELECT
    chain_id, venue, liquidator, bool_or(by_keeper) AS by_keeper, count(*) AS n, sum(notional_usd) AS notional_usd, sum(reward_usd) AS reward_usd,
    sum(bad_debt_usd) AS bad_debt_usd, count(latency_blocks) AS latency_n, median(latency_blocks) AS latency_blocks_p50,
    max(latency_blocks) AS latency_blocks_max
FROM stg_keeper_liquidations LEFT JOIN latency USING (chain_id, venue, transaction_hash, log_index)
WHERE kind = 'positions' AND block_time >= $since AND block_time < $until
GROUP BY chain_id, venue, liquidator
ORDER BY n DESC, liquidator, venue, chain_id
