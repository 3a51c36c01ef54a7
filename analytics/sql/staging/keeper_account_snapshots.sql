-- Local margin figures beside the contract's own view at the same block hash, exact integers as text.
SELECT
    chain_id,
    venue,
    account,
    block_number,
    block_hash,
    block_time,
    matches,
    equity_raw,
    equity_chain_raw,
    requirement_raw,
    requirement_chain_raw
FROM lake.main.account_snapshots
