-- Each market at each block. Prices in USD, open interest in base units, premium as a fraction per day (+: longs pay).
-- Rows and lakes of the keeper's first schemas know no underlying: their markets were named by it; and their raw amounts had 18 decimals.
SELECT
    chain_id,
    venue,
    market,
    coalesce(underlying, market) AS underlying,
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
    SELECT NULL::VARCHAR AS underlying, NULL::BIGINT AS price_decimals WHERE false
)
