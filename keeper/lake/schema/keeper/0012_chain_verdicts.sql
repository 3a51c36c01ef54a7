-- Some contracts tell no margins, only whether an account may be liquidated: a verdict beside the figures, which are missing then. Where the
-- verdict is unknown nothing was compared, and `matches` is NULL.

ALTER TABLE account_snapshots ALTER COLUMN equity_chain_raw DROP NOT NULL;
ALTER TABLE account_snapshots ALTER COLUMN requirement_chain_raw DROP NOT NULL;
ALTER TABLE account_snapshots ALTER COLUMN matches DROP NOT NULL;
ALTER TABLE account_snapshots ADD COLUMN breach VARCHAR;
ALTER TABLE account_snapshots ADD COLUMN chain_verdict VARCHAR;
ALTER TABLE account_snapshots ADD COLUMN chain_reason VARCHAR;
