-- Blocks the daemon processed. `block_ms` is the daemon's own time from arrival to rows handed over. `recovered` ones came while it was
-- down and were taken in later: their times say nothing about lateness. `rpc_requests` are those for heads and reads; of them those for heads,
-- and beside them those for sending and for simulations, have columns of their own. `market_tip_gwei` is the tip that others
-- paid, as far as it was known. Lakes of the keeper's second schema lack these columns.
-- Figures are those of the venues that had processed the block by then; what others made of it later stands in stg_keeper_late_blocks.
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
    rpc_requests_head,
    rpc_calls_head,
    rpc_requests_send,
    rpc_calls_send,
    rpc_requests_fork,
    rpc_calls_fork,
    market_tip_wei / 1e9 AS market_tip_gwei,
    coalesce(recovered, false) AS recovered
FROM (
    FROM lake.main.blocks
    UNION ALL BY NAME
    SELECT
        NULL::BOOLEAN AS recovered,
        NULL::BIGINT AS rpc_requests_head,
        NULL::BIGINT AS rpc_calls_head,
        NULL::BIGINT AS rpc_requests_send,
        NULL::BIGINT AS rpc_calls_send,
        NULL::BIGINT AS rpc_requests_fork,
        NULL::BIGINT AS rpc_calls_fork,
        NULL::BIGINT AS market_tip_wei
    WHERE false
)
