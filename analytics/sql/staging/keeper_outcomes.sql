-- What the chain said about each attempt. Candidates of one transaction share its gas. Profit before gas, in USD; `net_profit_usd` after it.
-- The decimals of raw amounts are missing in lakes of the keeper's first schemas: they were 18.
SELECT
    chain_id,
    venue,
    account,
    candidate_id,
    block_number,
    block_hash,
    block_time,
    transaction_hash,
    nonce,
    outcome,
    reason,
    gas_used,
    gas_cost_wei / 1e18 AS gas_cost_coin,
    gas_cost_usd,
    profit_usd,
    tokens_value_usd,
    profit_usd + tokens_value_usd - gas_cost_usd AS net_profit_usd,
    blocks_since_seen,
    coalesce(usd_decimals, 18) AS usd_decimals,
    profit_raw,
    tokens
FROM (
    FROM lake.main.outcomes
    UNION ALL BY NAME
    SELECT NULL::BIGINT AS usd_decimals WHERE false
)
