-- What earlier plans and attempts in flight had taken of a market when a candidate was planned. Rows written before know of none.

ALTER TABLE decisions ADD COLUMN used VARCHAR;
