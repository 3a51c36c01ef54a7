-- The asset that a market trades, beside the venue's own name for the market. Rows written before have none: their markets were named by it, and
-- staging reads it from there. An UPDATE would write every file of these tables anew while the keeper waits.

ALTER TABLE market_state ADD COLUMN underlying VARCHAR;
ALTER TABLE liquidations ADD COLUMN underlying VARCHAR;
ALTER TABLE position_snapshots ADD COLUMN underlying VARCHAR;
