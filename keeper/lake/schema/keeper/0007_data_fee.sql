-- What the chain's L1 data fee was computed from, where it has one (JSON): a replay prices gas with it. Rows written before: null.

ALTER TABLE blocks ADD COLUMN data_fee VARCHAR;
