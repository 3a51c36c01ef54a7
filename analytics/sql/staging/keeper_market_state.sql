-- Each market at each block. Prices in USD, open interest in base units, premium as a fraction per day (+: longs pay).
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
    mark_price_raw,
    funding_growth_raw
FROM lake.main.market_state
