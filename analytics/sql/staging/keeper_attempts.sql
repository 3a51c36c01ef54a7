-- Signed transactions handed to the network. `block_*` is the head it was built on. Fees in gwei.
SELECT
    chain_id,
    venue,
    account,
    candidate_id,
    block_number,
    block_hash,
    block_time,
    transaction_hash,
    sender,
    nonce,
    max_fee_wei / 1e9 AS max_fee_gwei,
    priority_fee_wei / 1e9 AS priority_fee_gwei,
    gas_limit,
    replaces AS replaces_transaction_hash,
    sent_at
FROM lake.main.attempts
