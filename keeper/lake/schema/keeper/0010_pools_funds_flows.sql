-- Pools, insurance funds and account flows, whatever protocol they come from. What was recorded before a protocol fills in itself, with the
-- file of this number in its folder (keeper/venues/*/migrations).

CREATE TABLE pool_ranges (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    transaction_hash VARCHAR NOT NULL,
    log_index BIGINT NOT NULL,
    lower_price DOUBLE NOT NULL,
    upper_price DOUBLE NOT NULL,
    liquidity_raw VARCHAR NOT NULL,
    liquidity_decimals BIGINT NOT NULL
);

CREATE TABLE pool_states (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    price DOUBLE NOT NULL,
    liquidity_raw VARCHAR NOT NULL,
    liquidity_decimals BIGINT NOT NULL
);

CREATE TABLE insurance_funds (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    capacity_raw VARCHAR NOT NULL,
    decimals BIGINT NOT NULL,
    capacity_usd DOUBLE NOT NULL
);

CREATE TABLE account_flows (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    transaction_hash VARCHAR NOT NULL,
    log_index BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    token VARCHAR NOT NULL,
    amount_raw VARCHAR NOT NULL,
    decimals BIGINT
);
