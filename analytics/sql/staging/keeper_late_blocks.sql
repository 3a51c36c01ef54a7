-- What venues made of a block whose row was written already: to be added to it (UNION ALL BY NAME with stg_keeper_blocks, then sum).
SELECT
    chain_id,
    block_number,
    block_hash,
    block_time,
    finished_at,
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
    rpc_calls_fork
FROM lake.main.late_blocks
