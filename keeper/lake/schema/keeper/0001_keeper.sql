-- The keeper's tables, one per record class of keeper/domain/records.py; a test compares names, types and nullability.
-- Times are UTC. `_raw` columns hold integers of any size as text (HUGEINT ends at 2^127 and becomes DOUBLE in Parquet).
-- No keys: DuckLake has none. The recorder sees to it that a block's rows exist once.

CREATE TABLE cursors (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    parent_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    base_fee_wei VARCHAR NOT NULL
);
COMMENT ON TABLE cursors IS 'One row per venue and committed block; the newest is where the daemon goes on, and a reorg takes rows away.';

CREATE TABLE blocks (
    chain_id BIGINT NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    parent_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    logs BIGINT NOT NULL,
    evaluated BIGINT NOT NULL,
    watched BIGINT NOT NULL,
    rpc_requests BIGINT NOT NULL,
    rpc_calls BIGINT NOT NULL
);

CREATE TABLE venue_events (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    position BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    event VARCHAR NOT NULL,
    account VARCHAR,
    transaction_hash VARCHAR,
    log_index BIGINT,
    payload VARCHAR NOT NULL
);

CREATE TABLE market_state (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    mark_price_raw VARCHAR NOT NULL,
    mark_price DOUBLE NOT NULL,
    index_price DOUBLE NOT NULL,
    spot_price DOUBLE NOT NULL,
    open_interest_long DOUBLE NOT NULL,
    open_interest_short DOUBLE NOT NULL,
    funding_growth_raw VARCHAR NOT NULL,
    premium_rate_per_day DOUBLE NOT NULL
);

CREATE TABLE liquidations (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    transaction_hash VARCHAR NOT NULL,
    log_index BIGINT NOT NULL,
    liquidator VARCHAR NOT NULL,
    ours BOOLEAN NOT NULL,
    candidate_id VARCHAR,
    kind VARCHAR NOT NULL,
    side VARCHAR NOT NULL,
    size_raw VARCHAR NOT NULL,
    size DOUBLE NOT NULL,
    price DOUBLE NOT NULL,
    notional_raw VARCHAR NOT NULL,
    notional_usd DOUBLE NOT NULL,
    penalty_usd DOUBLE NOT NULL,
    reward_usd DOUBLE NOT NULL,
    bad_debt_usd DOUBLE NOT NULL
);

CREATE TABLE evaluations (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    basis_time TIMESTAMP NOT NULL,
    candidate_id VARCHAR,
    equity_raw VARCHAR NOT NULL,
    equity_usd DOUBLE NOT NULL,
    requirement_raw VARCHAR NOT NULL,
    requirement_usd DOUBLE NOT NULL,
    breach VARCHAR
);

CREATE TABLE decisions (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    candidate_id VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    reason VARCHAR,
    detail VARCHAR,
    market VARCHAR,
    breach VARCHAR,
    size_raw VARCHAR,
    notional_usd DOUBLE,
    expected_reward_usd DOUBLE,
    expected_cost_usd DOUBLE,
    expected_profit_usd DOUBLE,
    decided_at TIMESTAMP NOT NULL
);

CREATE TABLE simulations (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    candidate_id VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    settled BOOLEAN NOT NULL,
    reason VARCHAR,
    profit_usd DOUBLE,
    gas_used BIGINT NOT NULL,
    log_count BIGINT NOT NULL,
    duration_ms DOUBLE NOT NULL
);

CREATE TABLE attempts (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    candidate_id VARCHAR NOT NULL,
    transaction_hash VARCHAR NOT NULL,
    sender VARCHAR NOT NULL,
    nonce BIGINT NOT NULL,
    max_fee_wei BIGINT NOT NULL,
    priority_fee_wei BIGINT NOT NULL,
    gas_limit BIGINT NOT NULL,
    replaces VARCHAR,
    sent_at TIMESTAMP NOT NULL
);

CREATE TABLE outcomes (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    candidate_id VARCHAR NOT NULL,
    transaction_hash VARCHAR NOT NULL,
    nonce BIGINT NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    gas_used BIGINT NOT NULL,
    gas_cost_wei BIGINT NOT NULL,
    gas_cost_usd DOUBLE NOT NULL,
    profit_raw VARCHAR NOT NULL,
    profit_usd DOUBLE NOT NULL,
    tokens_value_usd DOUBLE NOT NULL,
    tokens VARCHAR NOT NULL,
    blocks_since_seen BIGINT
);

CREATE TABLE account_snapshots (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    equity_raw VARCHAR NOT NULL,
    equity_chain_raw VARCHAR NOT NULL,
    requirement_raw VARCHAR NOT NULL,
    requirement_chain_raw VARCHAR NOT NULL,
    matches BOOLEAN NOT NULL
);

CREATE TABLE position_snapshots (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    size_raw VARCHAR NOT NULL,
    size DOUBLE NOT NULL,
    open_notional_raw VARCHAR NOT NULL,
    open_notional_usd DOUBLE NOT NULL,
    mark_price DOUBLE NOT NULL,
    liquidation_price DOUBLE,
    equity_usd DOUBLE NOT NULL,
    requirement_usd DOUBLE NOT NULL,
    has_orders BOOLEAN NOT NULL
);
