-- Open positions of one market, or of all, from each venue's last snapshot at or before $at.
-- Parameters: $at, $market, $venue and $chain_id (null: all).
WITH last_snapshot AS (
    SELECT chain_id, venue, max(block_number) AS block_number
    FROM stg_keeper_position_snapshots
    WHERE block_time <= $at AND ($venue IS NULL OR venue = $venue) AND ($chain_id IS NULL OR chain_id = $chain_id)
    GROUP BY ALL
)

SELECT
    chain_id, venue, account, market, underlying, block_number, block_time, (CASE side WHEN 'long' THEN 1 ELSE -1 END)::TINYINT AS side, size_base, notional_usd, mark_price_usd,
    liquidation_price_usd, has_orders, equity_usd, requirement_usd, equity_usd < requirement_usd AS immediate
FROM stg_keeper_position_snapshots SEMI JOIN last_snapshot USING (chain_id, venue, block_number)
WHERE $market IS NULL OR market = $market
ORDER BY venue, chain_id, account, market
