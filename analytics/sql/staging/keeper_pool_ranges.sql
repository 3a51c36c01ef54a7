-- Changes of the liquidity of price ranges of the keeper's markets' pools, + added: the sum of a range's rows is what it holds. Prices in USD per
-- base, bounds as lower <= price < upper; liquidity is sqrt(base x USD), exact integers as text.
SELECT
    chain_id,
    venue,
    market,
    block_number,
    block_hash,
    block_time,
    transaction_hash,
    log_index,
    lower_price AS lower_price_usd,
    upper_price AS upper_price_usd,
    liquidity_raw,
    liquidity_decimals
FROM lake.main.pool_ranges
