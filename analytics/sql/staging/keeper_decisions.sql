-- What was decided about each candidate, at which stage, and why; at stage "inventory" of what the executor holds itself (sell, pay_in). `used` is what earlier plans and attempts in flight had taken when it was
-- planned (JSON): missing in lakes of the keeper's first schemas.
-- The decimals of raw amounts are missing in lakes of the keeper's first schemas: they were 18.
SELECT
    chain_id,
    venue,
    account,
    market,
    candidate_id,
    block_number,
    block_hash,
    block_time,
    decided_at,
    stage,
    action,
    reason,
    detail,
    breach,
    notional_usd,
    expected_reward_usd,
    expected_cost_usd,
    expected_profit_usd,
    coalesce(size_decimals, 18) AS size_decimals,
    size_raw,
    used
FROM (
    FROM lake.main.decisions
    UNION ALL BY NAME
    SELECT NULL::VARCHAR AS used, NULL::BIGINT AS size_decimals WHERE false
)
