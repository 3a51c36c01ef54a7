-- The keeper's premium per block as a rate per 8 hours: funding accrues with time there, every block stands for a settlement.
SELECT chain_id, venue, market, underlying, block_time AS moment, premium_rate_per_day / 3 AS rate_8h, 'exact' AS quality FROM stg_keeper_market_state
