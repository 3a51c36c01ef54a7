-- The keeper's own attempts per venue (of a chain) and outcome: gas and profit in USD. A transaction may be an attempt for several
-- accounts. Parameters: $since, $until.
SELECT
    chain_id, venue, outcome, count(*) AS n, count(DISTINCT transaction_hash) AS transactions,
    sum(gas_cost_usd) AS gas_usd, sum(profit_usd + tokens_value_usd) AS profit_usd, sum(net_profit_usd) AS net_usd,
    median(blocks_since_seen) AS blocks_since_seen_p50
FROM stg_keeper_outcomes
WHERE block_time >= $since AND block_time < $until
GROUP BY chain_id, venue, outcome
ORDER BY n DESC, outcome, venue, chain_id
