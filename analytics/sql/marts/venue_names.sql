-- The venues behind the bits of `venues` in liquidation_minutes, lowest bit first.
SELECT DISTINCT venue FROM mart_liquidations ORDER BY venue
