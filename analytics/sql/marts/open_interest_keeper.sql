-- Open interest of the keeper's markets in the columns of `mart_open_interest`: the longs' side, which the pool's makers may hold against.
SELECT
    chain_id, venue, market, underlying, block_time AS moment, open_interest_long_base AS base, open_interest_long_base * mark_price_usd AS usd,
    'exact' AS quality
FROM stg_keeper_market_state
