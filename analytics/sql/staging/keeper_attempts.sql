-- Signed transactions handed to the network, a row for each candidate they are for. `block_*` is the head it was built on, `sent_at` the time
-- of its signature, the other times are those of the stages before and after it (NULL for raised fees and cancellations). Fees in gwei.
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
    sent_at,
    seen_at,
    decided_at,
    checked_at,
    committed_at,
    accepted_at
FROM (
    FROM lake.main.attempts
    UNION ALL BY NAME
    -- A lake of an earlier keeper has no times of stages until a keeper of today is started on it.
    SELECT
        NULL::TIMESTAMP AS seen_at,
        NULL::TIMESTAMP AS decided_at,
        NULL::TIMESTAMP AS checked_at,
        NULL::TIMESTAMP AS committed_at,
        NULL::TIMESTAMP AS accepted_at
    WHERE false
)
