-- The keeper's own liquidations in the columns of `mart_liquidations`.
SELECT
    chain_id, venue, market, underlying, side, victim, block_time AS moment, block_number, size_base, price_usd, notional_usd, 'trader' AS stage, quality
FROM stg_keeper_liquidations
WHERE kind = 'positions'
