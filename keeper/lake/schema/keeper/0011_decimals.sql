-- Exact integers say how many decimals they have. All that was written before had 18. (DuckLake adds no column that is NOT NULL.)

ALTER TABLE market_state ADD COLUMN price_decimals BIGINT DEFAULT 18;
ALTER TABLE liquidations ADD COLUMN size_decimals BIGINT DEFAULT 18;
ALTER TABLE liquidations ADD COLUMN usd_decimals BIGINT DEFAULT 18;
ALTER TABLE evaluations ADD COLUMN usd_decimals BIGINT DEFAULT 18;
ALTER TABLE decisions ADD COLUMN size_decimals BIGINT DEFAULT 18;
ALTER TABLE outcomes ADD COLUMN usd_decimals BIGINT DEFAULT 18;
ALTER TABLE account_snapshots ADD COLUMN usd_decimals BIGINT DEFAULT 18;
ALTER TABLE position_snapshots ADD COLUMN size_decimals BIGINT DEFAULT 18;
ALTER TABLE position_snapshots ADD COLUMN usd_decimals BIGINT DEFAULT 18;
