-- Local margin figures beside the contract's own view at the same block hash, exact integers as text. Where the contract tells a verdict instead of
-- figures, these are missing; where it does not know, `matches` is missing too.
-- The decimals of raw amounts are missing in lakes of the keeper's first schemas: they were 18. So are breach, verdict and its reason.
SELECT
    chain_id,
    venue,
    account,
    block_number,
    block_hash,
    block_time,
    matches,
    coalesce(usd_decimals, 18) AS usd_decimals,
    equity_raw,
    equity_chain_raw,
    requirement_raw,
    requirement_chain_raw,
    breach,
    chain_verdict,
    chain_reason
FROM (
    FROM lake.main.account_snapshots
    UNION ALL BY NAME
    SELECT NULL::BIGINT AS usd_decimals, NULL::VARCHAR AS breach, NULL::VARCHAR AS chain_verdict, NULL::VARCHAR AS chain_reason WHERE false
)
