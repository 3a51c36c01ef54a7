-- Version 1 of the outbox. Wei are TEXT: they do not fit SQLite's 64 bits. states and purposes: outbox_rows.py.

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    candidate_id TEXT NOT NULL,
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    block_number INTEGER NOT NULL,
    block_hash TEXT NOT NULL,
    block_parent_hash TEXT NOT NULL,
    block_timestamp INTEGER NOT NULL,
    block_base_fee_wei TEXT NOT NULL,
    to_address TEXT NOT NULL,
    calldata BLOB NOT NULL,
    gas_limit INTEGER NOT NULL,
    budget_wei TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    outbid_by TEXT,
    reported INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX jobs_by_candidate ON jobs (candidate_id);
CREATE INDEX jobs_by_nonce ON jobs (nonce);
CREATE TABLE transactions (
    hash TEXT PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES jobs (id),
    purpose TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    raw BLOB NOT NULL,
    max_fee_wei TEXT NOT NULL,
    priority_fee_wei TEXT NOT NULL,
    gas_limit INTEGER NOT NULL,
    replaces TEXT,
    signed_at_us INTEGER NOT NULL,
    head_number INTEGER NOT NULL
);
CREATE INDEX transactions_by_nonce ON transactions (nonce);
CREATE INDEX transactions_by_job ON transactions (job_id);
CREATE TABLE nonces (
    nonce INTEGER PRIMARY KEY,
    winner TEXT,
    block_number INTEGER,
    block_hash TEXT,
    cost_wei TEXT,
    paid_at_us INTEGER,
    final INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX nonces_watched ON nonces (final) WHERE final = 0;
CREATE INDEX nonces_by_payment ON nonces (paid_at_us);
