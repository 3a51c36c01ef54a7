-- The keeper's own liquidations in the columns of `mart_liquidations`. A call that took an account's margin and no position is no fill of a market: it has
-- neither size nor price.
SELECT
    chain_id, venue, market, underlying, side, victim, block_time AS moment, block_number, size_base, price_usd, notional_usd, 'trader' AS stage, quality
FROM stg_keeper_liquidations
WHERE kind = 'positions' AND size_base > 0
