-- Evidence of corrections: a block whose rows were not the chain's, or parameters that changed without an event.

CREATE TABLE repairs (
    chain_id BIGINT NOT NULL,
    venue VARCHAR NOT NULL,
    block_number BIGINT NOT NULL,
    block_hash VARCHAR NOT NULL,
    block_time TIMESTAMP NOT NULL,
    repaired_at TIMESTAMP NOT NULL,
    cause VARCHAR NOT NULL,
    witness VARCHAR NOT NULL,
    divergence VARCHAR NOT NULL,
    was VARCHAR NOT NULL,
    became VARCHAR NOT NULL
);
