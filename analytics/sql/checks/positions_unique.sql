-- M2: one position per account and market in a snapshot, with a mark and a size (a maker's orders may stand without one).
SELECT chain_id, venue, market, account, block_number, count(*) AS copies
FROM stg_keeper_position_snapshots
WHERE block_time >= $since AND block_time < $until
GROUP BY ALL
HAVING count(*) > 1 OR min(size_base) FILTER (NOT has_orders) <= 0 OR min(size_base) < 0 OR min(mark_price_usd) <= 0
