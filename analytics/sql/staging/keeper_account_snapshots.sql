-- Local margin figures beside the contract's own view at the same block hash, exact integers as text.
-- The decimals of raw amounts are missing in lakes of the keeper's first schemas: they were 18.
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
    requirement_chain_raw
FROM (
    FROM lake.main.account_snapshots
    UNION ALL BY NAME
    SELECT NULL::BIGINT AS usd_decimals WHERE false
)
