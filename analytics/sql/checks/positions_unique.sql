-- M2: one position per account and market in a snapshot, with a size and a mark.
SELECT chain_id, venue, market, account, block_number, count(*) AS copies
FROM stg_keeper_position_snapshots
GROUP BY ALL
HAVING count(*) > 1 OR min(size_base) <= 0 OR min(mark_price_usd) <= 0
