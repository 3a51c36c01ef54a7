-- Settlements tried without spending: `method` is 'call' (one eth_call) or 'fork'.
SELECT
    chain_id,
    venue,
    account,
    candidate_id,
    block_number,
    block_hash,
    block_time,
    method,
    settled,
    reason,
    profit_usd,
    gas_used,
    log_count,
    duration_ms
FROM lake.main.simulations
