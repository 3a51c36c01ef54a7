-- The tip per unit of gas that others paid, as far as it was known when the block was decided about: a replay bids with it. Rows written
-- before: null.

ALTER TABLE blocks ADD COLUMN market_tip_wei BIGINT;
