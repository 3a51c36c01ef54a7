-- What venues made of a block after its row was written; to be added to that row's figures.

CREATE TABLE late_blocks (
    chain_id BIGINT NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    logs BIGINT NOT NULL,
    evaluated BIGINT NOT NULL,
    watched BIGINT NOT NULL,
    rpc_requests BIGINT NOT NULL,
    rpc_calls BIGINT NOT NULL,
    rpc_requests_head BIGINT,
    rpc_calls_head BIGINT,
    rpc_requests_send BIGINT,
    rpc_calls_send BIGINT,
    rpc_requests_fork BIGINT,
    rpc_calls_fork BIGINT
);
