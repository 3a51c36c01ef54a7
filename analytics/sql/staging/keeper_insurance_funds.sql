-- What a venue's insurance fund could pay, where that had changed; below zero it owed.
SELECT
    chain_id,
    venue,
    block_number,
    block_hash,
    block_time,
    capacity_raw,
    decimals,
    capacity_usd
FROM lake.main.insurance_funds
