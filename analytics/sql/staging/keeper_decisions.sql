-- What was decided about each candidate, at which stage, and why.
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
    size_raw
FROM lake.main.decisions
