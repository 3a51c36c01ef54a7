-- M0: every liquidation has a victim's side, a known stage and quality, and no negative amount.
SELECT * FROM mart_liquidations
WHERE moment >= $since AND moment < $until AND (side NOT IN ('long', 'short') OR stage NOT IN ('trader', 'vault') OR quality IS NULL OR notional_usd < 0 OR size_base < 0)
