-- Penalty, reward and bad debt as exact integers (18 decimals) beside their floats. Rows written before have none.

ALTER TABLE liquidations ADD COLUMN penalty_raw VARCHAR;
ALTER TABLE liquidations ADD COLUMN reward_raw VARCHAR;
ALTER TABLE liquidations ADD COLUMN bad_debt_raw VARCHAR;
