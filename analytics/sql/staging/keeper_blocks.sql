-- Blocks the daemon processed. `block_ms` is the daemon's own time from arrival to rows handed over. `recovered` ones came while it was
-- down and were taken in later: their times say nothing about lateness. The column is missing in lakes of the keeper's second schema.
SELECT
    chain_id,
    block_number,
    block_hash,
    parent_hash,
    block_time,
    received_at,
    finished_at,
    epoch_ms(finished_at) - epoch_ms(received_at) AS block_ms,
    logs,
    evaluated AS accounts_evaluated,
    watched AS accounts_watched,
    rpc_requests,
    rpc_calls,
    coalesce(recovered, false) AS recovered
FROM (
    FROM lake.main.blocks
    UNION ALL BY NAME
    SELECT NULL::BOOLEAN AS recovered WHERE false
)
