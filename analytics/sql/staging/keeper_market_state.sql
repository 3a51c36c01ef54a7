-- Each market at each block. Prices in USD, open interest in base units, premium as a fraction per day (+: longs pay).
-- The decimals of raw amounts are missing in lakes of the keeper's first schemas: they were 18.
SELECT
    chain_id,
    venue,
    market,
    block_number,
    block_hash,
    block_time,
    mark_price AS mark_price_usd,
    index_price AS index_price_usd,
    spot_price AS spot_price_usd,
    open_interest_long AS open_interest_long_base,
    open_interest_short AS open_interest_short_base,
    premium_rate_per_day,
    coalesce(price_decimals, 18) AS price_decimals,
    mark_price_raw,
    funding_growth_raw
FROM (
    FROM lake.main.market_state
    UNION ALL BY NAME
    SELECT NULL::BIGINT AS price_decimals WHERE false
)
