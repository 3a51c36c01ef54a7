-- Requests by what they were for. Rows written before have none.

ALTER TABLE blocks ADD COLUMN rpc_requests_head BIGINT;
ALTER TABLE blocks ADD COLUMN rpc_calls_head BIGINT;
ALTER TABLE blocks ADD COLUMN rpc_requests_send BIGINT;
ALTER TABLE blocks ADD COLUMN rpc_calls_send BIGINT;
ALTER TABLE blocks ADD COLUMN rpc_requests_fork BIGINT;
ALTER TABLE blocks ADD COLUMN rpc_calls_fork BIGINT;
