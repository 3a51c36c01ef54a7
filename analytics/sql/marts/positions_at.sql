-- Open positions of one market, or of all, from each venue's last snapshot at or before $at. Parameters: $market (null: all), $at, $venue (null: all).
WITH last_snapshot AS (
    SELECT chain_id, venue, max(block_number) AS block_number
    FROM stg_keeper_position_snapshots
    WHERE block_time <= $at AND ($venue IS NULL OR venue = $venue)
    GROUP BY ALL
)

SELECT
    venue, account, market, block_number, block_time, (CASE side WHEN 'long' THEN 1 ELSE -1 END)::TINYINT AS side, size_base, notional_usd, mark_price_usd,
    liquidation_price_usd, has_orders, equity_usd, requirement_usd, equity_usd < requirement_usd AS immediate
FROM stg_keeper_position_snapshots SEMI JOIN last_snapshot USING (chain_id, venue, block_number)
WHERE $market IS NULL OR market = $market
ORDER BY venue, account, market
